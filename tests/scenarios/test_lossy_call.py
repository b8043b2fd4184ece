"""Whole calls that lose packets at random, both ways and on every link."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.simulation import scenes
from tests.simulation.call import SECOND


@pytest.mark.parametrize(("rtt_ms", "most_frozen"), [(20, 0.01), (100, 0.02)])
def test_five_percent_loss(rtt_ms: int, most_frozen: float) -> None:
    scene = scenes.lossy(0.05, rtt_ms)
    settled, end = scene.at("settled"), scene.call.now_us
    assert scene.receiver.screen.frozen_share(settled, end) < most_frozen
    assert scene.receiver.audio[0].concealed_share(settled, end) < 0.02
    assert scene.receiver.screen.switches(settled, end) <= 1
    assert scene.receiver.screen.shown[-1].layers[0] == 2


def test_fifteen_percent_loss_leaves_the_picture_alive() -> None:
    scene = scenes.lossy(0.15, 40)
    shown = scene.receiver.screen.shown
    assert max(b.now_us - a.now_us for a, b in pairwise(shown)) < 2 * SECOND
    assert scene.call.now_us - shown[-1].now_us < 2 * SECOND
    assert len(shown) > 0.8 * 30 * scene.call.now_us / SECOND


def test_loss_without_congestion_leaves_the_link_in_use() -> None:
    """A link of 2 Mbit/s that loses 5 % of whatever is sent."""
    scene = scenes.narrow(2_000_000, loss=0.05)
    samples = scene.call.samples(scene.receiver, scene.at("settled"))
    assert min(sample.estimate_bps for sample in samples) > 1_000_000
    assert sum(sample.delivered_bps for sample in samples) / len(samples) > 0.5 * 2_000_000
