"""The lag of an event loop: a timer that is due four times a second, and a histogram of its delays.

Everything that the loop's process does waits this long, on average half of it. Media has a thread of its own,
and does not wait.
"""

from __future__ import annotations

from mediad.clock import Clock, Timer
from mediad.metering.histogram import Histogram, HistogramReport

INTERVAL_S = 0.25

BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class LoopLag:
    """Measures the lag of the loop that it is started on."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._histogram = Histogram(BOUNDS_S)
        self._timer: Timer | None = None

    def start(self) -> None:
        """Measure from now on."""
        due_us = self._clock.now_us() + round(INTERVAL_S * 1e6)
        self._timer = self._clock.call_at(due_us, lambda: self._fire(due_us))

    def stop(self) -> None:
        """Stop measuring; the measurements stay."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def report(self) -> HistogramReport:
        """Return the lags so far, in seconds, by BOUNDS_S."""
        return self._histogram.report()

    def _fire(self, due_us: int) -> None:
        self._histogram.observe(max(0, self._clock.now_us() - due_us) / 1e6)
        self.start()
