"""The estimate that a sender without transport-cc is told."""

from __future__ import annotations

from tests.windows.receiving import Uplink

SECOND = 1_000_000


def run(uplink: Uplink, seconds: int, *, lost: int, send_bps: int | None = None) -> int:
    """The sender sends what it may, or what it has."""
    estimate = uplink.update(0, 0, SECOND)
    for second in range(2, seconds + 2):
        received = estimate if send_bps is None else min(estimate, send_bps)
        estimate = uplink.update(lost, received, second * SECOND)
    return int(estimate)


def test_grows_while_nothing_is_lost() -> None:
    assert run(Uplink(), 20, lost=0) > 3_000_000


def test_holds_between_two_and_ten_percent() -> None:
    start = Uplink().update(0, 0, SECOND)
    assert run(Uplink(), 10, lost=15) == start


def test_shrinks_above_ten_percent_down_to_a_floor() -> None:
    uplink = Uplink()
    start = uplink.update(0, 0, SECOND)
    after_one = uplink.update(128, 500_000, 2 * SECOND)
    assert after_one == start - start * 128 // 512
    assert run(Uplink(), 200, lost=255) == 30_000


def test_what_was_never_sent_was_never_tried() -> None:
    assert run(Uplink(), 100, lost=0, send_bps=1_500_000) <= 3_000_000


def test_what_was_tried_once_is_kept_while_the_sender_is_idle() -> None:
    uplink = Uplink()
    grown = run(uplink, 20, lost=0)
    assert uplink.update(0, 10_000, 100 * SECOND) == grown


def test_recovers_from_the_floor() -> None:
    uplink = Uplink()
    for second in range(1, 100):
        uplink.update(255, 30_000, second * SECOND)
    estimate = 30_000
    for second in range(100, 160):
        estimate = uplink.update(0, estimate, second * SECOND)
    assert estimate >= 1_000_000


def test_moves_once_a_second_only() -> None:
    uplink = Uplink()
    start = uplink.update(0, 0, SECOND)
    assert uplink.update(255, 0, SECOND + 500_000) == start
    assert uplink.update(255, 0, 2 * SECOND) < start


def test_never_announces_more_than_the_limit() -> None:
    uplink = Uplink(800_000)
    assert run(uplink, 30, lost=0) == 800_000
