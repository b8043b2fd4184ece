"""Layers chosen anew a hundred times, and fifty receivers who want key frames all the time."""

from __future__ import annotations

from statistics import median

import pytest

from tests.simulation.call import MS, SECOND
from tests.simulation.switching import storm, switching
from tests.support.layered import Codec


@pytest.mark.parametrize("codec", ["vp8", "h264", "vp9", "vp9_key", "av1", "av1_key"])
def test_a_hundred_switches(codec: Codec) -> None:
    """Each ends in decoded pictures of the layers asked for, soon; nothing undecodable comes on the way."""
    scene = switching(codec)
    assert scene.missed == []
    assert len(scene.took_us) >= 50
    assert median(scene.took_us) < 250 * MS
    assert scene.track.receiver.undecoded == 0
    assert scene.track.receiver.waiting <= 2
    assert scene.track.receiver.keyframes_asked == 0
    assert scene.track.receiver.screen.freezes == []


def test_fifty_receivers_who_ask_for_key_frames_all_the_time() -> None:
    """One request a second goes to the sender for each layer, after a few quick ones; nobody waits long."""
    scene = storm()
    assert scene.sender is not None
    for encoding in scene.sender.client.video:
        asked = encoding.asked
        assert len(asked) <= scene.call.now_us / SECOND + 2
        assert all(last - first >= 2 * SECOND for first, last in zip(asked, asked[4:], strict=False))
    assert max(scene.waited_us) < 1_300 * MS
