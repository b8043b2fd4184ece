"""The log of what left, by transport-cc number."""

from __future__ import annotations

from tests.windows.bandwidth import SentLog

WAITING = 1
LOG = 4096


def test_finds_what_was_sent_across_the_wrap() -> None:
    log = SentLog()
    for i in range(10):
        log.add((65_530 + i) & 0xFFFF, 1000 + i, 5_000_000 + i, cluster=i % 2)
    assert log.find(65_530, 6_000_000) == (5_000_000, 1000, 0, WAITING)
    assert log.find(3, 6_000_000) == (5_000_009, 1009, 1, WAITING)
    assert log.find(4, 6_000_000) is None
    assert log.find(65_529, 6_000_000) is None


def test_forgets_what_is_older_than_the_log_is_long() -> None:
    log = SentLog()
    for i in range(LOG + 1):
        log.add(i, 100, i)
    assert log.find(0, LOG) is None
    assert log.find(1, LOG) == (1, 100, 0, WAITING)


def test_a_number_that_was_skipped_has_no_record() -> None:
    log = SentLog()
    for i in range(LOG):
        log.add(i, 100, i)
    log.add(LOG + 2, 100, LOG)
    assert log.find(LOG, LOG) is None
    assert log.find(LOG + 1, LOG) is None
    assert log.find(LOG + 2, LOG) is not None


def test_a_jump_beyond_the_log_starts_anew() -> None:
    log = SentLog()
    log.add(0, 100, 1)
    log.add(20_000, 100, 2)
    assert log.find(0, 3) is None
    assert log.find(20_000, 3) == (2, 100, 0, WAITING)


def test_a_repeat_keeps_the_first_time() -> None:
    log = SentLog()
    log.add(5, 100, 1000)
    log.add(6, 100, 1001)
    log.add(5, 700, 2000)
    assert log.find(5, 3000) == (1000, 100, 0, WAITING)


def test_the_time_survives_the_wrap_of_its_low_half() -> None:
    log = SentLog()
    log.add(1, 100, 2**32 - 10)
    assert log.find(1, 2**32 + 1_000_000) == (2**32 - 10, 100, 0, WAITING)
