"""One received stream: RFC 3550 appendix A, duplicates, repairs, restarts, clock and score."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.support.arrivals import disordered, run
from tests.windows.receiving import Receiver

SECOND = 1_000_000
NEW, LATE, DUPLICATE, OUT_OF_RANGE, RESET = range(5)
BASE = 2**32


# -- sequence numbers (A.1) ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("numbers", "arrivals"),
    [
        ([5], [(NEW, 5)]),
        ([5, 6, 7], [(NEW, 5), (NEW, 6), (NEW, 7)]),
        ([5, 5], [(NEW, 5), (DUPLICATE, 5)]),
        ([5, 8, 6, 6], [(NEW, 5), (NEW, 8), (LATE, 6), (DUPLICATE, 6)]),
        ([65535, 0, 65534], [(NEW, 65535), (NEW, 65536), (LATE, 65534)]),
        ([0, 65535], [(NEW, 0), (LATE, -1)]),
        ([0, 2999, 1], [(NEW, 0), (NEW, 2999), (OUT_OF_RANGE, None)]),
        ([0, 3000], [(NEW, 0), (OUT_OF_RANGE, None)]),
        ([2000, 501], [(NEW, 2000), (LATE, 501)]),
        ([2000, 500], [(NEW, 2000), (OUT_OF_RANGE, None)]),
        ([0, 40000, 40001], [(NEW, 0), (OUT_OF_RANGE, None), (RESET, 2 * 65536 + 40001)]),
        ([0, 40000, 1, 40001], [(NEW, 0), (OUT_OF_RANGE, None), (NEW, 1), (OUT_OF_RANGE, None)]),
        ([0, 40000, 40002, 40003], [(NEW, 0), (OUT_OF_RANGE, None), (OUT_OF_RANGE, None), (RESET, 171075)]),
        ([0, 65000 - 30000, 35001, 35002], [(NEW, 0), (OUT_OF_RANGE, None), (RESET, 166073), (NEW, 166074)]),
        ([0, 50000, 50000], [(NEW, 0), (OUT_OF_RANGE, None), (OUT_OF_RANGE, None)]),
    ],
)
def test_arrivals(numbers: list[int], arrivals: list[tuple[int, int | None]]) -> None:
    expected = [(kind, -1 if number is None else BASE + number) for kind, number in arrivals]
    assert run(Receiver(), *numbers) == expected


def test_a_repaired_packet_out_of_range_never_restarts_the_stream() -> None:
    receiver = Receiver()
    run(receiver, 0)
    for number in (40000, 40001, 40002):
        assert receiver.packet(number, repaired=True)[0] == OUT_OF_RANGE
    assert receiver.packet(40003)[0] == OUT_OF_RANGE
    assert (receiver.packets_discarded, receiver.rtx_discarded) == (1, 3)


def test_the_duplicate_window_covers_all_that_may_be_late() -> None:
    receiver = Receiver()
    run(receiver, *range(0, 3000, 2))
    late = range(1501, 2998)
    for number in late:
        assert receiver.packet(number)[0] == (DUPLICATE if number % 2 == 0 else LATE)
    for number in late:
        assert receiver.packet(number)[0] == DUPLICATE


@given(
    data=st.data(),
    count=st.integers(1, 150),
    first=st.sampled_from([0, 3, 65_450]),
    jumps=st.dictionaries(
        st.integers(0, 149), st.sampled_from([1, 63, 64, 700, 2047, 2048, 2990]), max_size=4
    ),
    again=st.lists(st.integers(0, 149), max_size=30),
)
def test_against_a_set_of_all_that_came(
    data: st.DataObject, count: int, first: int, jumps: dict[int, int], again: list[int]
) -> None:
    numbers, number = [], first
    for index in range(count):
        number += min(jumps.get(index, 0) + 1, 2999)
        numbers.append(number)
    order = data.draw(disordered(count, displacement=30, losses=True))
    order += [index for index in again if index < count]
    assume(order)
    receiver = Receiver()
    offset = BASE + (numbers[order[0]] & 0xFFFF) - numbers[order[0]]
    assert receiver.packet(numbers[order[0]] & 0xFFFF) == (NEW, offset + numbers[order[0]])
    highest, seen, confirming = numbers[order[0]], {numbers[order[0]]}, None
    for number in (numbers[index] for index in order[1:]):
        arrival, sequence = receiver.packet(number & 0xFFFF)
        if number <= highest - 1500 or number >= highest + 3000:
            assert arrival == (RESET if number == confirming else OUT_OF_RANGE)
            if arrival == RESET:
                return
            confirming = number + 1
            continue
        assert sequence == offset + number
        if number > highest:
            assert arrival == NEW
            highest, confirming = number, None
        else:
            assert arrival == (DUPLICATE if number in seen else LATE)
        seen.add(number)
    assert receiver.packets == len(seen)
    assert receiver.report()["cumulative_lost"] == max(seen) - min(seen) + 1 - len(seen)


# -- loss (A.3) ----------------------------------------------------------------------------------------------


def losses(receiver: Receiver) -> tuple[int, int]:
    report = receiver.report()
    return report["fraction_lost"], report["cumulative_lost"]


def test_loss_of_each_interval_and_in_all() -> None:
    receiver = Receiver()
    run(receiver, *range(100))
    assert losses(receiver) == (0, 0)
    run(receiver, *range(100, 200, 2))
    assert losses(receiver) == (49 * 256 // 99, 49)
    run(receiver, *range(199, 300))
    assert losses(receiver) == (0, 49)
    assert losses(receiver) == (0, 49)


def test_late_packets_lower_the_sum_but_never_below_an_intervals_nothing() -> None:
    receiver = Receiver()
    run(receiver, 0, 5)
    assert losses(receiver) == (4 * 256 // 6, 4)
    run(receiver, 1, 2, 6)
    assert losses(receiver) == (0, 2)


def test_duplicates_hide_no_loss() -> None:
    receiver = Receiver()
    run(receiver, 0, 2, 2, 2, 0)
    assert losses(receiver) == (85, 1)
    assert receiver.packets_discarded == 3


def test_a_stream_that_began_before_its_first_packet_here() -> None:
    receiver = Receiver()
    run(receiver, 10, 9, 12)
    assert losses(receiver) == (64, 1)


def test_nearly_everything_lost_saturates() -> None:
    receiver = Receiver()
    run(receiver, 0)
    receiver.report()
    run(receiver, 2999)
    assert losses(receiver) == (2998 * 256 // 2999, 2998)


def test_cumulative_loss_stops_at_24_bits() -> None:
    receiver = Receiver()
    for n in range(3000):
        receiver.packet(n * 2990 & 0xFFFF)
    assert losses(receiver)[1] == 0x7FFFFF


def test_a_restart_keeps_the_sum_and_loses_nothing_new() -> None:
    receiver = Receiver()
    run(receiver, 0, 2)
    run(receiver, 40000, 40001, 40003)
    assert losses(receiver)[1] == 2
    assert receiver.packets == 4


def test_extended_highest_sequence_number() -> None:
    receiver = Receiver()
    run(receiver, 65535, 0, 1)
    assert receiver.report()["highest_sequence"] == 0x00010001
    run(receiver, 40000, 40001)
    assert receiver.report()["highest_sequence"] == 3 << 16 | 40001


# -- jitter (A.8) --------------------------------------------------------------------------------------------


def test_jitter_of_a_steady_stream_is_zero() -> None:
    receiver = Receiver()
    for n in range(50):
        receiver.packet(n, 3000 * n, now_us=n * SECOND // 30)
    assert receiver.report()["jitter"] <= 1


@given(
    delays=st.lists(st.integers(0, 40_000), min_size=2, max_size=60),
    clock_rate=st.sampled_from([8000, 48000, 90000]),
    first=st.sampled_from([0, 2**32 - 5000]),
)
def test_jitter_against_the_appendix(delays: list[int], clock_rate: int, first: int) -> None:
    receiver = Receiver(clock_rate=clock_rate)
    jitter, last = 0.0, None
    for n, delay in enumerate(delays):
        timestamp = first + n * clock_rate // 20
        now_us = 10**12 + n * 50_000 + delay
        receiver.packet(n, timestamp & 0xFFFFFFFF, now_us=now_us)
        transit = now_us // SECOND * clock_rate + now_us % SECOND * clock_rate // SECOND - timestamp
        if last is not None:
            jitter += (abs(transit - last) - jitter) / 16
        last = transit
    assert receiver.jitter == pytest.approx(jitter)


def test_one_picture_counts_once_and_neither_late_nor_repaired_packets_do() -> None:
    receiver = Receiver()
    receiver.packet(0, 0, now_us=0)
    receiver.packet(1, 0, now_us=20_000)
    receiver.packet(5, 3000, now_us=33_333)
    receiver.packet(3, 0, now_us=90_000)
    receiver.packet(4, 0, repaired=True, now_us=95_000)
    receiver.packet(6, 3000, now_us=99_000)
    assert receiver.jitter < 1


def test_a_timestamp_that_jumps_is_not_jitter() -> None:
    receiver = Receiver()
    receiver.packet(0, 0, now_us=0)
    receiver.packet(1, 2_000_000_000, now_us=33_333)
    receiver.packet(2, 2_000_003_000, now_us=66_666)
    assert receiver.jitter < 1


# -- repairs -------------------------------------------------------------------------------------------------


def test_repairs_count_as_received() -> None:
    receiver = Receiver(use_nack=True)
    run(receiver, 0, 3)
    assert receiver.packet(1, repaired=True) == (LATE, BASE + 1)
    assert receiver.packet(1, repaired=True)[0] == DUPLICATE
    assert (receiver.packets_retransmitted, receiver.packets_repaired, receiver.rtx_discarded) == (2, 1, 1)
    assert (receiver.packets, receiver.packets_discarded) == (3, 0)
    assert losses(receiver)[1] == 1


def test_without_rtx_a_packet_that_came_after_a_nack_is_a_repair() -> None:
    receiver = Receiver(use_nack=True)
    run(receiver, 0, 3)
    receiver.packet(1, now_us=5000)
    assert receiver.nack_due(20_000) == [2]
    receiver.packet(2, now_us=60_000)
    assert (receiver.packets_retransmitted, receiver.packets_repaired) == (1, 1)


def test_a_stream_without_nack_asks_for_nothing() -> None:
    receiver = Receiver()
    run(receiver, 0, 3)
    assert receiver.nack_due(10**9) == []


def test_a_restart_asks_for_nothing_of_before() -> None:
    receiver = Receiver(use_nack=True)
    run(receiver, 0, 3, 40000, 40001, 40003)
    assert receiver.nack_due(10**9) == [40002]
    assert not receiver.wants_keyframe


def test_key_frames_reach_the_nack_list() -> None:
    receiver = Receiver(use_nack=True)
    run(receiver, 0, 3)
    receiver.packet(4, keyframe=True)
    assert receiver.nack_due(10**9) == []


# -- sender reports ------------------------------------------------------------------------------------------

NTP_2023 = (1_700_000_000 + 2_208_988_800) << 32


def test_last_sr_and_its_delay_are_echoed() -> None:
    receiver = Receiver()
    run(receiver, 0)
    assert (receiver.report()["last_sr"], receiver.report()["delay_since_last_sr"]) == (0, 0)
    receiver.sender_report(NTP_2023 | 0x12345678, 0, 10 * SECOND)
    report = receiver.report(11 * SECOND + 500_000)
    assert report["last_sr"] == (NTP_2023 | 0x12345678) >> 16 & 0xFFFFFFFF
    assert report["delay_since_last_sr"] == 65536 * 3 // 2


@pytest.mark.parametrize(
    ("ntp", "rtp", "timestamp", "capture_us"),
    [
        (NTP_2023, 1000, 1000, 1_700_000_000 * SECOND),
        (NTP_2023 | 1 << 31, 1000, 91_000, 1_700_000_001 * SECOND + 500_000),
        (NTP_2023, 1000, 2**32 - 89_000, 1_699_999_999 * SECOND),
        (NTP_2023, 2**32 - 45_000, 45_000, 1_700_000_001 * SECOND),
        (
            5 << 32,
            0,
            90_000,
            (2**32 - 2_208_988_800 + 6) * SECOND,
        ),  # seconds after 2036, or a clock since boot
    ],
)
def test_capture_time(ntp: int, rtp: int, timestamp: int, capture_us: int) -> None:
    receiver = Receiver()
    assert receiver.capture_us(timestamp) is None
    receiver.sender_report(ntp, rtp, 0)
    assert receiver.capture_us(timestamp) == capture_us


def test_a_sender_without_a_clock_has_no_capture_time() -> None:
    receiver = Receiver()
    receiver.sender_report(0, 1000, 0)
    assert receiver.capture_us(1000) is None
