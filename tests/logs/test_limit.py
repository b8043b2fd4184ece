"""Budgets of lines, with a clock of our own."""

from __future__ import annotations

import logging

from mediad.logs.limit import INFO_BUDGET, MAX_KINDS, WARNING_BUDGET, RateLimit


class Log:
    def __init__(self) -> None:
        self.now_s = 0.0
        self.limit = RateLimit(lambda: self.now_s)

    def passes(self, message: str = "peer %s", level: int = logging.INFO, *args: object) -> str | None:
        record = logging.LogRecord("test", level, "", 0, message, args, None)
        return record.getMessage() if self.limit.filter(record) else None


def test_a_burst_passes_and_no_more() -> None:
    log = Log()
    passed = [log.passes("peer %s", logging.INFO, i) for i in range(int(INFO_BUDGET.burst) + 5)]
    assert passed.count(None) == 5
    assert passed[-5:] == [None] * 5
    assert log.limit.left_out == 5


def test_what_was_left_out_is_said_by_the_next_that_passes() -> None:
    log = Log()
    for _ in range(int(WARNING_BUDGET.burst) + 3):
        log.passes("bad %s", logging.ERROR, "x")
    log.now_s = 1 / WARNING_BUDGET.per_s
    assert log.passes("bad %s", logging.ERROR, "x") == "bad x (3 more lines like this were left out before)"
    log.now_s += 1
    assert log.passes("bad %s", logging.ERROR, "x") == "bad x"


def test_kinds_do_not_take_from_each_other() -> None:
    log = Log()
    for _ in range(int(WARNING_BUDGET.burst) + 1):
        log.passes("bad", logging.ERROR)
    assert log.passes("bad", logging.ERROR) is None
    assert log.passes("other", logging.ERROR) is not None
    assert log.passes("bad", logging.WARNING) is not None


def test_the_books_stay_small() -> None:
    log = Log()
    for i in range(3 * MAX_KINDS):
        assert log.passes(f"composed {i}") is not None
    assert len(log.limit._buckets) <= MAX_KINDS
