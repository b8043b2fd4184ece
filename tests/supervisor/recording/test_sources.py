"""The source of a track, by the words of its app."""

from __future__ import annotations

from typing import Any

import pytest

from mediad.supervisor.recording.sources import free_name, source_of


@pytest.mark.parametrize(
    ("app_data", "source"),
    [
        ({}, "camera"),
        ({"source": "mic"}, "camera"),
        ({"source": "webcam"}, "camera"),
        ({"source": "screen-audio"}, "screen"),
        ({"share": True}, "screen"),
        ({"share": False}, "camera"),
        ({"source": "screensharing"}, "screen"),
        ({"mediaTag": "screen-video"}, "screen"),
        ({"mediaTag": "cam-video"}, "camera"),
        ({"peerId": "share"}, "camera"),
        ({"source": ["screen"]}, "camera"),
    ],
)
def test_a_microphone_is_with_its_camera_and_a_screen_apart(app_data: dict[str, Any], source: str) -> None:
    assert source_of(app_data) == source


def test_a_second_camera_has_a_number() -> None:
    assert free_name("camera", set()) == "camera"
    assert free_name("camera", {"camera"}) == "camera-2"
    assert free_name("camera", {"camera", "camera-2", "screen"}) == "camera-3"
