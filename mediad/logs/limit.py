"""A limit on log lines, so that they cannot fill the disk: each kind of line has a budget.

A kind is a logger, level and unformatted message. Joins and leaves of a large call are within the budget; a
client that can cause a line as often as it likes is not.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

MAX_KINDS = 1024
"""The kinds of which budgets are kept; messages put together before they are logged could make more."""


@dataclass(frozen=True, slots=True)
class Budget:
    """A number of lines: `burst` at once, and `per_s` in the long run."""

    burst: float
    per_s: float


INFO_BUDGET = Budget(burst=1000, per_s=100)
"""The budget of lines up to INFO."""

WARNING_BUDGET = Budget(burst=100, per_s=10)
"""The budget of lines from WARNING on, which may have tracebacks."""


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_s: float
    left_out: int = 0


class RateLimit(logging.Filter):
    """Lets a line pass while its kind has budget; the next one that passes tells how many did not."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self.left_out = 0
        """Lines that did not pass."""
        self._now_s = now_s
        self._buckets: dict[tuple[str, int, str], _Bucket] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        budget = WARNING_BUDGET if record.levelno >= logging.WARNING else INFO_BUDGET
        bucket = self._bucket((record.name, record.levelno, str(record.msg)), budget)
        now_s = self._now_s()
        bucket.tokens = min(budget.burst, bucket.tokens + (now_s - bucket.filled_s) * budget.per_s)
        bucket.filled_s = now_s
        if bucket.tokens < 1:
            bucket.left_out += 1
            self.left_out += 1
            return False
        bucket.tokens -= 1
        if bucket.left_out:
            record.msg = f"{record.msg} ({bucket.left_out} more lines like this were left out before)"
            bucket.left_out = 0
        return True

    def _bucket(self, kind: tuple[str, int, str], budget: Budget) -> _Bucket:
        bucket = self._buckets.get(kind)
        if bucket is None:
            if len(self._buckets) >= MAX_KINDS:
                self._buckets.clear()
            bucket = self._buckets[kind] = _Bucket(budget.burst, self._now_s())
        return bucket
