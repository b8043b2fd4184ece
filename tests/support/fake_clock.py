"""A clock that stands still until a test lets time pass."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count


class FakeTimer:
    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None


class FakeClock:
    """`pass_s` runs what falls due, in order and each at its own moment."""

    def __init__(self) -> None:
        self._now_us = 1_000_000_000
        self._order = count()
        self._timers: list[tuple[int, int, FakeTimer]] = []

    def now_us(self) -> int:
        return self._now_us

    def call_at(self, when_us: int, callback: Callable[[], None]) -> FakeTimer:
        timer = FakeTimer(callback)
        heapq.heappush(self._timers, (max(when_us, self._now_us), next(self._order), timer))
        return timer

    def pass_s(self, seconds: float) -> None:
        end_us = self._now_us + round(seconds * 1e6)
        while self._timers and self._timers[0][0] <= end_us:
            when_us, _, timer = heapq.heappop(self._timers)
            self._now_us = max(self._now_us, when_us)
            if timer.callback is not None:
                timer.callback()
        self._now_us = max(self._now_us, end_us)  # a callback may have stalled

    def stall_s(self, seconds: float) -> None:
        """Time passes, and nobody has time to run: what falls due meanwhile is late."""
        self._now_us += round(seconds * 1e6)

    @property
    def waiting(self) -> int:
        """Timers that were neither run nor cancelled."""
        return sum(timer.callback is not None for _, _, timer in self._timers)
