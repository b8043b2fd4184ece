"""Audio levels on the sender's time line: steps of 20 ms, whatever the network and the packets' length do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.windows.receiving import LevelMeter

STEP = 960  # ticks of 48 kHz
WRAP = 1 << 32


def test_sums_and_steps() -> None:
    meter = LevelMeter()
    for step, attenuation in enumerate((30, 40, 127)):
        meter.add(5000 * STEP + step * STEP, attenuation)
    assert meter.take() == (3, 197, [97, 87, 0])
    assert meter.take() == (0, 0, [])
    meter.add(5003 * STEP, 10)
    assert meter.take() == (1, 10, [117])


@pytest.mark.parametrize(("packet_ms", "steps"), [(10, 12), (20, 12), (40, 11), (60, 10)])
def test_the_length_of_packets_does_not_matter(packet_ms: int, steps: int) -> None:
    """The steps of the last packet that are still to come are reported with the next one."""
    meter = LevelMeter()
    for packet in range(240 // packet_ms):
        meter.add(packet * packet_ms * 48, 27)
    assert meter.take()[2] == [100] * steps
    meter.add(240 * 48, 27)
    assert meter.take()[2] == [100] * (13 - steps)


def test_the_loudest_packet_of_a_step_counts() -> None:
    meter = LevelMeter()
    for timestamp, attenuation in ((0, 60), (480, 30), (960, 50)):
        meter.add(timestamp, attenuation)
    assert meter.take()[2] == [97, 77]


def test_a_clock_of_8_khz() -> None:
    meter = LevelMeter(8000)
    for packet in range(5):
        meter.add(packet * 160, 100)
    assert meter.take()[2] == [27] * 5


def test_silence_suppression_is_quiet_after_40_ms() -> None:
    meter = LevelMeter()
    meter.add(0, 27)
    meter.add(8 * STEP, 27)
    assert meter.take()[2] == [100, 100, 100, 0, 0, 0, 0, 0, 100]


def test_a_late_packet_counts_for_its_own_step_until_it_is_taken() -> None:
    meter = LevelMeter()
    meter.add(STEP, 27)
    meter.add(3 * STEP, 27)
    meter.add(2 * STEP, 17)
    assert meter.take()[2] == [100, 110, 100]
    meter.add(4 * STEP, 27)
    meter.add(3 * STEP, 7)
    assert meter.take() == (2, 34, [100])


@pytest.mark.parametrize("jump", [33 * STEP, -40 * STEP, WRAP // 2, 1_000_000_000])
def test_a_new_time_line_begins_anew(jump: int) -> None:
    meter = LevelMeter()
    for step in range(3):
        meter.add(100 * STEP + step * STEP, 27)
    meter.add((102 * STEP + jump) % WRAP, 37)
    meter.add((103 * STEP + jump) % WRAP, 47)
    assert meter.take()[2] == [90, 80]


def test_no_more_steps_are_kept_than_there_is_room_for() -> None:
    meter = LevelMeter()
    for step in range(100):
        meter.add(step * STEP, step)
    assert meter.take() == (100, sum(range(100)), [127 - step for step in range(68, 100)])


@given(
    st.lists(st.tuples(st.integers(0, WRAP - 1) | st.integers(0, 50_000), st.integers(0, 127)), max_size=60),
    st.integers(1, 200_000),
)
def test_whatever_comes_is_bounded(packets: list[tuple[int, int]], clock_rate: int) -> None:
    meter = LevelMeter(clock_rate)
    for timestamp, attenuation in packets:
        meter.add(timestamp, attenuation)
    count, total, steps = meter.take()
    assert (count, total) == (len(packets), sum(attenuation for _, attenuation in packets))
    assert len(steps) <= 32
    assert all(step <= 127 for step in steps)
