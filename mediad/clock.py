"""Clock: the time, and calls at a later time, as an argument, so that tests make time pass."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    """A call that is planned."""

    def cancel(self) -> None:
        """Cancel the call; nothing happens when it was made already."""


class Clock(Protocol):
    """A source of time for whoever keeps time; one is handed down through all objects of a process."""

    def now_us(self) -> int:
        """Return the time of CLOCK_MONOTONIC, which the media thread uses too, in microseconds."""

    def call_at(self, when_us: int, callback: Callable[[], None]) -> Timer:
        """Call soon after that moment, unless the timer is cancelled before; at once if it has passed."""


class LoopClock:
    """The clock of the event loop that runs when it is asked."""

    def now_us(self) -> int:
        return time.monotonic_ns() // 1000

    def call_at(self, when_us: int, callback: Callable[[], None]) -> Timer:
        delay_s = max(0, when_us - self.now_us()) / 1e6
        return asyncio.get_running_loop().call_later(delay_s, callback)
