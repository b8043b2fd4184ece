"""Sources of tracks, in the words of all dialects."""

from __future__ import annotations

from typing import Any

import pytest

from mediad.rooms.sources import CAMERA, MICROPHONE, SCREEN, SCREEN_SOUND, meaning, sources_of

A_TRACK = [
    ("audio", {}, {MICROPHONE}),
    ("video", {}, {CAMERA}),
    ("video", {"share": True}, {SCREEN}),
    ("video", {"share": False}, {CAMERA}),
    ("video", {"screen": True, "share": True}, {SCREEN}),
    ("audio", {"screen": True}, {SCREEN_SOUND}),
    ("video", {"source": "screensharing"}, {SCREEN}),
    ("audio", {"source": "screensharing"}, {SCREEN_SOUND}),
    ("video", {"source": "webcam"}, {CAMERA}),
    ("audio", {"source": "mic"}, {MICROPHONE}),
    ("video", {"source": "slides"}, {"slides"}),
    ("audio", {"source": "constructor"}, {"constructor"}),
    ("video", {"source": 7}, {CAMERA}),
    ("video", {"source": "mic"}, {MICROPHONE, CAMERA}),
    ("audio", {"source": "webcam"}, {MICROPHONE, CAMERA}),
    ("video", {"source": "webcam", "share": True}, {CAMERA, SCREEN}),
    ("video", {"source": "slides", "share": True}, {"slides", SCREEN}),
    ("video", {"source": "screen_share_audio"}, {SCREEN}),
]


@pytest.mark.parametrize(("kind", "app_data", "sources"), A_TRACK)
def test_the_sources_of_a_track(kind: str, app_data: dict[str, Any], sources: set[str]) -> None:
    assert sources_of(kind, app_data) == sources


def test_words_of_tokens_and_dialects_mean_the_same() -> None:
    assert {meaning(word) for word in ("mic", "microphone", "audio")} == {MICROPHONE}
    assert {meaning(word) for word in ("webcam", "camera", "video")} == {CAMERA}
    assert {meaning(word) for word in ("share", "screen", "screen_share", "screen-video")} == {SCREEN}
    assert meaning("screen_share_audio") == meaning("screen-audio") == SCREEN_SOUND
    assert meaning("slides") == "slides"
