"""How late an event loop is: a timer that should fire four times a second, and a histogram of when it did.

Everything the loop's process does waits this long, on average half of it. Media does not: it has a thread.
"""

from __future__ import annotations

import asyncio
import bisect
from collections.abc import Callable
from typing import Any

INTERVAL_S = 0.25

BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Upper bounds of the histogram's buckets; the last one has none."""


class LoopLag:
    """Measures the loop it is started on, from `start` on."""

    def __init__(self) -> None:
        self._buckets = [0] * (len(BOUNDS_S) + 1)
        self._sum_s = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._plan(loop.call_at, loop.time)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def observe(self, lag_s: float) -> None:
        """It fired this much too late."""
        self._buckets[bisect.bisect_left(BOUNDS_S, lag_s)] += 1
        self._sum_s += lag_s

    def report(self) -> dict[str, Any]:
        """`buckets` as counts of each bucket alone, BOUNDS_S and one beyond, and `sumS`."""
        return {"buckets": list(self._buckets), "sumS": self._sum_s}

    def _plan(self, call_at: Callable[..., asyncio.TimerHandle], now_s: Callable[[], float]) -> None:
        due_s = now_s() + INTERVAL_S

        def fire() -> None:
            self.observe(max(0.0, now_s() - due_s))
            self._plan(call_at, now_s)

        self._timer = call_at(due_s, fire)
