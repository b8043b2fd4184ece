"""The score of one received stream: losses, repairs, silence, and when it is news."""

from __future__ import annotations

from tests.support.arrivals import run
from tests.windows.receiving import Receiver

SECOND = 1_000_000


def test_a_new_stream_announces_ten() -> None:
    receiver = Receiver()
    assert not receiver.update_score(0)
    run(receiver, 0)
    assert receiver.update_score(0)
    assert receiver.score == 10
    assert not receiver.update_score(SECOND)


def test_a_stream_that_appears_or_comes_back_is_news_at_once() -> None:
    receiver = Receiver()
    receiver.packet(0, now_us=SECOND)
    assert receiver.score_is_news()
    assert not receiver.score_is_news()
    assert not receiver.update_score(SECOND)
    assert receiver.update_score(9 * SECOND, inactivity_us=1_500_000)
    receiver.packet(1, now_us=10 * SECOND)
    assert receiver.score_is_news()


def test_score_follows_loss() -> None:
    receiver = Receiver()
    run(receiver, *range(100))
    receiver.update_score(0)
    run(receiver, *range(101, 201, 2), 200)
    assert receiver.update_score(0)
    assert receiver.score == 4  # (1 * 10 + 2 * 1) / 3


def test_repairs_cost_less_than_losses() -> None:
    lossy, repaired = Receiver(), Receiver()
    for receiver in (lossy, repaired):
        run(receiver, 0)
        receiver.update_score(0)
        for _ in range(24):
            top = receiver.report()["highest_sequence"]
            run(receiver, *(n & 0xFFFF for n in range(top + 1, top + 101) if n % 10))
            if receiver is repaired:
                for n in range(top + 1, top + 101):
                    receiver.packet(n & 0xFFFF, repaired=True)
            receiver.update_score(0)
    assert lossy.score == 7
    assert repaired.score == 9


def test_a_repair_of_the_interval_before_is_not_held_against_this_one() -> None:
    receiver = Receiver()
    run(receiver, *range(50), 60)
    receiver.update_score(0)
    low = receiver.score
    for number in range(50, 60):
        receiver.packet(number, repaired=True)
    run(receiver, 61, 62)
    receiver.update_score(0)
    assert receiver.score > low


def test_silence_makes_it_zero_where_silence_is_a_fault() -> None:
    receiver = Receiver()
    receiver.packet(0, now_us=SECOND)
    receiver.update_score(SECOND)
    assert not receiver.update_score(100 * SECOND)
    assert not receiver.update_score(2_499_999, inactivity_us=1_500_000)
    assert receiver.update_score(2_500_000, inactivity_us=1_500_000)
    assert (receiver.score, receiver.is_active) == (0, False)
    assert not receiver.update_score(9 * SECOND, inactivity_us=1_500_000)


def test_a_packet_after_silence_begins_a_new_record() -> None:
    receiver = Receiver()
    run(receiver, *range(0, 100, 2))
    receiver.update_score(0)
    assert receiver.update_score(2 * SECOND, inactivity_us=1_500_000)
    receiver.packet(100, now_us=10 * SECOND)
    assert (receiver.score, receiver.is_active) == (10, True)
    assert receiver.update_score(10 * SECOND, inactivity_us=1_500_000)
    assert receiver.score == 10


def test_a_bad_record_ends_with_the_silence() -> None:
    receiver = Receiver()
    for n in range(10):
        run(receiver, *range(100 * n, 100 * n + 100, 2))
        receiver.update_score(0)
    receiver.update_score(2 * SECOND, inactivity_us=1_500_000)
    for number in range(1000, 1010):
        receiver.packet(number, now_us=10 * SECOND)
    receiver.update_score(10 * SECOND, inactivity_us=1_500_000)
    assert receiver.score == 10


def test_duplicates_are_no_sign_of_life() -> None:
    receiver = Receiver()
    receiver.packet(0, now_us=SECOND)
    receiver.packet(0, repaired=True, now_us=5 * SECOND)
    assert receiver.last_packet_us == SECOND
