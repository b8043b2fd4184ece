"""How late an event loop is: a timer that should fire four times a second, and a histogram of when it did.

Everything the loop's process does waits this long, on average half of it. Media does not: it has a thread.
"""

from __future__ import annotations

import asyncio
from typing import Any

from mediad.metering.histogram import Histogram

INTERVAL_S = 0.25

BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class LoopLag:
    """Measures the loop it is started on, from `start` on."""

    def __init__(self) -> None:
        self._histogram = Histogram(BOUNDS_S)
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        loop = asyncio.get_running_loop()
        due_s = loop.time() + INTERVAL_S
        self._timer = loop.call_at(due_s, self._fire, loop, due_s)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def report(self) -> dict[str, Any]:
        """What Histogram.report says, in seconds, by BOUNDS_S."""
        return self._histogram.report()

    def _fire(self, loop: asyncio.AbstractEventLoop, due_s: float) -> None:
        self._histogram.observe(max(0.0, loop.time() - due_s))
        self.start()
