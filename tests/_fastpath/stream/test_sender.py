"""Sender reports, and the facts that receiver reports bring."""

from __future__ import annotations

import pytest

from tests.windows.sending import Sender

SECOND = 1_000_000
WALL = 1_700_000_000 * SECOND
EPOCH = 2_208_988_800  # 1900 to 1970


def ntp(wall_us: int) -> int:
    seconds, us = divmod(wall_us, SECOND)
    return (seconds + EPOCH) << 32 | (us << 32) // SECOND


def compact(wall_us: int) -> int:
    return ntp(wall_us) >> 16 & 0xFFFFFFFF


def test_no_report_before_a_packet_nor_after_two_silent_seconds() -> None:
    sender = Sender()
    assert sender.report(SECOND, WALL) is None
    sender.sent(1000, SECOND)
    assert sender.report(3 * SECOND - 1, WALL) is not None
    assert sender.report(3 * SECOND, WALL) is None
    sender.sent(1000, 4 * SECOND)
    assert sender.report(4 * SECOND, WALL) is not None


def test_a_report_is_extrapolated_from_the_newest_timestamp() -> None:
    sender = Sender(ssrc=9)
    sender.sent(2**32 - 45_000, 10 * SECOND, payload=1000)
    sender.sent(2**32 - 45_000, 10 * SECOND + 1000, payload=500)
    sender.sent(2**32 - 48_000, 10 * SECOND + 2000, payload=1)  # late: not the newest
    report = sender.report(11 * SECOND, WALL)
    assert report == {
        "ssrc": 9,
        "ntp": ntp(WALL),
        "rtp_timestamp": 45_000,
        "packet_count": 3,
        "byte_count": 1501,
    }


def test_with_capture_time_both_halves_are_of_the_capture_clock() -> None:
    sender = Sender()
    capture = WALL - 77 * SECOND
    sender.sent(1000, 10 * SECOND, capture_us=capture)
    report = sender.report(10 * SECOND + 500_000, WALL)
    assert report["ntp"] == ntp(capture + 500_000)
    assert report["rtp_timestamp"] == 1000 + 45_000


def test_counters_wrap_at_32_bits_on_the_wire() -> None:
    sender = Sender()
    sender.sent(0, SECOND, payload=2**32 - 1)
    sender.sent(0, SECOND, payload=5)
    assert sender.report(SECOND, WALL)["byte_count"] == 4


@pytest.mark.parametrize("capture_us", [0, WALL - 3600 * SECOND])
def test_round_trip(capture_us: int) -> None:
    """RFC 3550 section 6.4.1; also when our NTP time is another machine's clock."""
    sender = Sender()
    sender.sent(0, SECOND, capture_us=capture_us)
    report = sender.report(SECOND, WALL)
    sender.receiver_report(
        last_sr=report["ntp"] >> 16 & 0xFFFFFFFF, delay=65536 // 2, wall_us=WALL + 500_000 + 48_000
    )
    assert sender.state_now["rtt_us"] == 48_000


def test_a_reader_may_echo_an_older_report() -> None:
    sender = Sender()
    for n in range(6):
        sender.sent(0, n * SECOND)
        sender.report(n * SECOND, WALL + n * SECOND)
    sender.receiver_report(last_sr=compact(WALL + 2 * SECOND), delay=3 * 65536, wall_us=WALL + 5_070_000)
    assert sender.state_now["rtt_us"] == 70_000


@pytest.mark.parametrize(
    ("last_sr", "delay", "arrives_us"),
    [(0, 0, 100_000), (12345, 0, 100_000), (compact(WALL), 0, 90 * SECOND)],
    ids=["no report reached him", "not one of ours", "longer than any path"],
)
def test_no_round_trip_from_nonsense(last_sr: int, delay: int, arrives_us: int) -> None:
    sender = Sender()
    sender.sent(0, SECOND)
    sender.report(SECOND, WALL)
    sender.receiver_report(last_sr=last_sr, delay=delay, wall_us=WALL + arrives_us)
    assert sender.state_now["rtt_us"] == 0


def test_a_round_trip_shorter_than_the_delay_field_can_tell_is_known_all_the_same() -> None:
    sender = Sender()
    sender.sent(0, SECOND)
    sender.report(SECOND, WALL)
    sender.receiver_report(last_sr=compact(WALL), delay=65536, wall_us=WALL + SECOND - 5)
    assert sender.state_now["rtt_us"] == 1


def test_what_a_report_says_is_kept() -> None:
    sender = Sender()
    sender.receiver_report(fraction_lost=12, cumulative_lost=-3, jitter=90)
    state = sender.state_now
    assert (state["fraction_lost"], state["packets_lost"], state["remote_jitter"]) == (12, -3, 90)


def test_score_falls_with_loss_and_recovers() -> None:
    sender = Sender()
    assert sender.state_now["score"] == 10
    assert not sender.receiver_report(highest_sequence=100)
    assert sender.receiver_report(
        highest_sequence=200, cumulative_lost=50
    )  # 1 of 10, twice the weight of the first
    assert sender.state_now["score"] == 4
    scores = []
    for n in range(40):
        sender.receiver_report(highest_sequence=300 + 100 * n, cumulative_lost=50)
        scores.append(sender.state_now["score"])
    assert scores == sorted(scores)
    assert scores[-1] == 10


def test_the_first_report_counts_by_its_fraction() -> None:
    sender = Sender()
    assert sender.receiver_report(highest_sequence=70_000, fraction_lost=128, cumulative_lost=4000)
    assert sender.state_now["score"] == 1


def test_what_was_resent_counts_for_most_of_a_packet() -> None:
    lossy, repaired = Sender(), Sender()
    for sender in (lossy, repaired):
        sender.receiver_report(highest_sequence=0)
        if sender is repaired:
            sender.resent(20)
        for n in range(1, 2):
            sender.receiver_report(highest_sequence=100 * n, cumulative_lost=20)
    assert lossy.state_now["score"] == 6  # (10 + 2 * 4) / 3
    assert repaired.state_now["score"] == 7  # (10 + 2 * 6) / 3


def test_a_report_without_progress_says_nothing_about_health() -> None:
    sender = Sender()
    sender.receiver_report(highest_sequence=100)
    assert not sender.receiver_report(highest_sequence=100, cumulative_lost=30)
    assert not sender.receiver_report(highest_sequence=90, cumulative_lost=30)
    assert sender.state_now["score"] == 10


def test_loss_that_is_taken_back_is_no_loss() -> None:
    sender = Sender()
    sender.receiver_report(highest_sequence=100, cumulative_lost=10)
    assert not sender.receiver_report(highest_sequence=200, cumulative_lost=2)
    assert sender.state_now["score"] == 10
