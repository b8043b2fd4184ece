"""The rate meter against the list of what was added."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.windows.values import RateWindow

BUCKET_US = 50_000
SECOND_US = 1_000_000


def test_a_steady_stream_reads_as_its_rate() -> None:
    """1250 bytes a millisecond are 10 Mbit/s, wherever in a bucket one asks."""
    meter = RateWindow()
    for tick in range(3000):
        meter.add(1250, tick * 1000)
        if tick > 1000:
            assert abs(meter.bps(tick * 1000) - 10_000_000) <= 15_000


def test_nothing_reads_as_zero() -> None:
    assert RateWindow().bps(123) == 0


def test_a_second_of_silence_forgets_all() -> None:
    meter = RateWindow()
    meter.add(1000, 7 * SECOND_US)
    assert meter.bps(7 * SECOND_US) > 0
    assert meter.bps(8 * SECOND_US) == 0
    assert meter.bps(10**15) == 0


def test_a_clock_that_stands_or_runs_back_counts_in_the_newest_bucket() -> None:
    meter = RateWindow()
    meter.add(1000, 9 * SECOND_US)
    meter.add(1000, 9 * SECOND_US - 10)
    assert meter.bps(9 * SECOND_US - 10) == 2000 * 8 * SECOND_US // (19 * BUCKET_US)


@given(
    st.lists(
        st.tuples(st.integers(0, 70_000) | st.integers(0, 3 * SECOND_US), st.integers(0, 65535)), max_size=80
    )
)
def test_against_a_list(steps: list[tuple[int, int]]) -> None:
    meter = RateWindow()
    now_us = 12_345_678
    added: list[tuple[int, int]] = []
    for gap_us, size in steps:
        now_us += gap_us
        meter.add(size, now_us)
        added.append((now_us, size))
        oldest_us = (now_us // BUCKET_US - 19) * BUCKET_US
        recent = sum(size for at_us, size in added if at_us >= oldest_us)
        assert meter.bps(now_us) == recent * 8 * SECOND_US // (now_us - oldest_us)
