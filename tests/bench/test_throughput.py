"""The measurement of throughput, run for a moment: it forwards what it counts, and tells a ratio."""

from __future__ import annotations

import pytest

from tests.bench.scene import PROFILES
from tests.bench.throughput import CONSUMERS, measure


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_packets_are_forwarded_and_beside_them_the_floor(profile: str) -> None:
    row = measure(profile, 5_000, 0.2)
    assert row.engine.packets > CONSUMERS
    assert row.floor.packets > CONSUMERS
    assert row.ratio > 0
