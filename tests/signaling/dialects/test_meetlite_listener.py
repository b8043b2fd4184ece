"""The state of a participant, in the words of MeetLite."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mediad.pipe.scores import ConsumerScore
from mediad.rooms.listener import ConsumerOffer, Track
from mediad.signaling.dialects.meetlite_listener import MeetLiteListener, is_screen, media_state
from tests.support.recording_wire import RecordingWire


def track(kind: str, *, paused: bool = False, **app_data: Any) -> Track:
    return Track(kind, app_data, paused)


@pytest.mark.parametrize(
    ("tracks", "audio", "video"),
    [
        ([], False, False),
        ([track("audio"), track("video", paused=True)], True, False),
        ([track("video", screen=True), track("audio", paused=True)], False, False),
        ([track("video", paused=True), track("video")], False, True),
    ],
)
def test_media_state(tracks: list[Track], audio: bool, video: bool) -> None:
    assert media_state(tracks) == {"audioEnabled": audio, "videoEnabled": video}


@pytest.mark.parametrize(
    ("app_data", "expected"),
    [({"screen": True}, True), ({"share": 1}, True), ({"source": "screensharing"}, True), ({}, False)],
)
def test_a_screen_is_one_in_the_words_of_any_dialect(app_data: dict[str, Any], expected: bool) -> None:
    assert is_screen(app_data) is expected


@pytest.mark.parametrize("app_data", [{"share": True}, {"source": "screensharing"}, {"screen": True}])
def test_a_screen_of_any_dialect_is_offered_in_the_words_of_this_one(app_data: dict[str, Any]) -> None:
    wire: Any = RecordingWire()
    score = ConsumerScore(10, 10, [])
    offer = ConsumerOffer("c", "p", "cid", "t", "video", "simple", {}, app_data, False, score)
    asyncio.run(MeetLiteListener(wire).consumer_offered(offer))
    assert wire.told[0][1]["appData"] == {**app_data, "screen": True}
