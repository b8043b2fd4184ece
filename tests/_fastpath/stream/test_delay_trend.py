"""The trendline filter on paths whose queue grows, shrinks, stands or jitters."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from tests.windows.bandwidth import DelayTrend

NORMAL, OVER, UNDER = range(3)
MS = 1000
SPACING_US = 20 * MS


def run(delay_us: Callable[[int], float], packets: int = 100, trend: DelayTrend | None = None) -> list[int]:
    """Return the detector's state after each packet, for a one-way delay that depends on its number."""
    trend = trend or DelayTrend()
    return [trend.add(i * SPACING_US, i * SPACING_US + int(delay_us(i))) for i in range(packets)]


def test_a_steady_path_is_normal() -> None:
    assert set(run(lambda _: 30 * MS)) == {NORMAL}


def test_clocks_that_differ_do_not_matter() -> None:
    assert set(run(lambda _: -(10**12))) == {NORMAL}


@pytest.mark.parametrize("growth_us", [1000, 2000, 10_000])
def test_a_growing_queue_is_overuse(growth_us: int) -> None:
    """Overuse is noticed from 5 % too much on."""
    said = run(lambda i: 30 * MS + max(0, i - 40) * growth_us)
    assert OVER not in said[:41]
    assert OVER in said[41:80]


def test_fast_growth_is_seen_within_200_ms() -> None:
    said = run(lambda i: 30 * MS + max(0, i - 40) * 10_000)
    assert said.index(OVER) <= 40 + 10


def test_a_queue_that_empties_is_underuse() -> None:
    said = run(lambda i: 200 * MS - max(0, i - 40) * 5000 if i < 75 else 25 * MS)
    assert UNDER in said[41:75]
    assert OVER not in said
    assert said[-1] == NORMAL


@pytest.mark.parametrize("seed", range(5))
def test_jitter_alone_is_hardly_ever_overuse(seed: int) -> None:
    draw = random.Random(seed)
    said = run(lambda _: 30 * MS + draw.uniform(0, 5 * MS), packets=1000)
    assert said.count(OVER) < 30


def test_a_single_late_packet_does_not_move_the_threshold() -> None:
    trend = DelayTrend()
    run(lambda i: 30 * MS + (400 * MS if i == 60 else 0), packets=61, trend=trend)
    assert 6.0 <= trend.threshold_ms <= 12.5


def test_the_threshold_follows_what_stays_just_above_it() -> None:
    trend = DelayTrend()
    for i in range(400):
        trend.add(i * SPACING_US, i * SPACING_US + int(1.5 * i * MS))
    assert 12.5 < trend.threshold_ms <= 600.0
    assert trend.slope == pytest.approx(1.5 / 21.5, rel=0.05)


def test_packets_of_one_burst_are_one_group() -> None:
    """Ten packets sent at once and spread out by the link are not ten growing delays."""
    trend = DelayTrend()
    said = [
        trend.add(frame * 33 * MS, frame * 33 * MS + 30 * MS + packet * 2 * MS)
        for frame in range(60)
        for packet in range(10)
    ]
    assert set(said) == {NORMAL}


def test_nothing_is_compared_across_a_gap() -> None:
    trend = DelayTrend()
    run(lambda _: 30 * MS, trend=trend)
    trend.skip()
    said = [trend.add(5_000_000 + i * SPACING_US, 5_000_000 + i * SPACING_US + 80 * MS) for i in range(50)]
    assert set(said) == {NORMAL}


def test_a_clock_that_jumps_starts_the_filter_anew() -> None:
    said = run(lambda i: 30 * MS + (10_000_000 if i > 50 else 0))
    assert set(said) == {NORMAL}
