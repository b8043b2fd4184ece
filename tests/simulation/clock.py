"""Time that passes only when it is run, for all of a simulated call and for what asks asyncio for timers."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


class Timer:
    """One callback to come; cancelled it does nothing."""

    __slots__ = ("_call",)

    def __init__(self, call: Callable[[], object]) -> None:
        self._call: Callable[[], object] | None = call

    def cancel(self) -> None:
        self._call = None

    def run(self) -> None:
        call, self._call = self._call, None
        if call is not None:
            call()


class Alarm:
    """A timer for one purpose, at most one at a time, which may be moved to an earlier time."""

    def __init__(self, clock: SimulatedClock, call: Callable[[], object]) -> None:
        self._clock = clock
        self._call = call
        self._due_us: int | None = None
        self._timer: Timer | None = None

    def by(self, when_us: int) -> None:
        """Ring at this time or before it."""
        if self._due_us is not None and self._due_us <= when_us:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._due_us = when_us
        self._timer = self._clock.at(when_us, self._ring)

    def _ring(self) -> None:
        self._due_us = self._timer = None
        self._call()


class SimulatedClock:
    """Runs callbacks in the order of their times, then of their arming; `turn` may wrap each of them.

    While it is `running` it is the thread's event loop as far as the worker's objects need one.
    """

    def __init__(self, now_us: int = 1_000_000) -> None:
        self.now_us = now_us
        self.turn: Callable[[Timer], object] = Timer.run
        self.readers: dict[int, Callable[[], object]] = {}
        self._timers: list[tuple[int, int, Timer]] = []
        self._armed = 0

    def at(self, when_us: int, call: Callable[[], object]) -> Timer:
        """Call at a time; one in the past is now."""
        timer = Timer(call)
        self._armed += 1
        heapq.heappush(self._timers, (max(when_us, self.now_us), self._armed, timer))
        return timer

    def after(self, delay_us: int, call: Callable[[], object]) -> Timer:
        return self.at(self.now_us + delay_us, call)

    def every(self, period_us: int, call: Callable[[], object], *, first_us: int = 0) -> None:
        """Call every period without end, for the first time `first_us` from now."""

        def again() -> None:
            call()
            self.after(period_us, again)

        self.after(first_us or period_us, again)

    def run_until(self, end_us: int) -> None:
        while self._timers and self._timers[0][0] <= end_us:
            self.now_us, _, timer = heapq.heappop(self._timers)
            self.turn(timer)
        self.now_us = end_us

    # --- what the worker's objects want of an event loop ---------------------------------------------------

    @contextmanager
    def running(self) -> Iterator[None]:
        loop: Any = self
        before = asyncio._get_running_loop()
        asyncio._set_running_loop(loop)
        try:
            yield
        finally:
            asyncio._set_running_loop(before)

    def call_later(self, delay_s: float, callback: Callable[..., object], *args: Any) -> Timer:
        return self.after(round(delay_s * 1e6), lambda: callback(*args))

    def add_reader(self, fd: int, callback: Callable[[], object]) -> None:
        self.readers[fd] = callback

    def remove_reader(self, fd: int) -> None:
        self.readers.pop(fd, None)
