"""The state of a participant, in the words of MeetLite."""

from __future__ import annotations

from typing import Any

import pytest

from mediad.rooms.listener import Track
from mediad.signaling.dialects.meetlite_listener import is_screen, media_state


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
