"""What time it is and what is to happen later, as an argument: so that tests make time pass."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    def cancel(self) -> None: ...


class Clock(Protocol):
    def now_us(self) -> int:
        """CLOCK_MONOTONIC in microseconds."""

    def call_at(self, when_us: int, callback: Callable[[], None]) -> Timer:
        """Soon after that moment, unless the timer is cancelled before; at once if it has passed."""


class LoopClock:
    """The running event loop's."""

    def now_us(self) -> int:
        return time.monotonic_ns() // 1000

    def call_at(self, when_us: int, callback: Callable[[], None]) -> Timer:
        delay_s = max(0, when_us - self.now_us()) / 1e6
        return asyncio.get_running_loop().call_later(delay_s, callback)
