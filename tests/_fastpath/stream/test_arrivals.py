"""Rates by the times of the packets."""

from __future__ import annotations

import pytest

from tests.windows.bandwidth import Arrivals

MS = 1000
WINDOW = 500 * MS


def steady(arrivals: Arrivals, begin_us: int, end_us: int, size: int, every_us: int = 10 * MS) -> None:
    for at_us in range(begin_us, end_us, every_us):
        arrivals.add(at_us, size)


@pytest.mark.parametrize("start_us", [0, 10**12, -(10**12) + 7])
def test_a_steady_stream_has_its_rate(start_us: int) -> None:
    arrivals = Arrivals()
    steady(arrivals, start_us, start_us + 2_000_000, 1250)
    assert arrivals.bps(WINDOW) == pytest.approx(1_000_000, rel=0.01)
    assert arrivals.bps(200 * MS) == pytest.approx(1_000_000, rel=0.01)


def test_too_little_says_nothing() -> None:
    arrivals = Arrivals()
    assert arrivals.bps(WINDOW) == 0
    steady(arrivals, 0, 90 * MS, 1250)
    assert arrivals.bps(WINDOW) == 0


def test_a_short_window_forgets_what_was_before_it() -> None:
    arrivals = Arrivals()
    steady(arrivals, 0, 1_000_000, 1250)
    steady(arrivals, 1_000_000, 1_300_000, 125)
    assert arrivals.bps(200 * MS) == pytest.approx(100_000, rel=0.01)
    assert arrivals.bps(WINDOW) > 400_000


def test_a_silence_longer_than_the_memory_clears_it() -> None:
    arrivals = Arrivals()
    steady(arrivals, 0, 1_000_000, 1250)
    steady(arrivals, 5_000_000, 5_500_000, 125)
    assert arrivals.bps(WINDOW) == pytest.approx(100_000, rel=0.06)


def test_what_arrives_out_of_order_counts_where_it_belongs() -> None:
    arrivals = Arrivals()
    for at_us in range(0, 1_000_000, 20 * MS):
        arrivals.add(at_us + 10 * MS, 1250)
        arrivals.add(at_us, 1250)
    assert arrivals.bps(WINDOW) == pytest.approx(1_000_000, rel=0.02)
