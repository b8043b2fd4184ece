"""A histogram that is counted in one process and read in another."""

from __future__ import annotations

import bisect
from collections.abc import Sequence

import msgspec


class HistogramReport(msgspec.Struct):
    """`buckets`: how many values each has, one of them beyond all `bounds`; `sum`: of all values."""

    bounds: list[float]
    buckets: list[int]
    sum: float


class Histogram:
    """Counts values by `bounds`: a bucket has the values above the bound before it, up to its own."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._buckets = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        self._buckets[bisect.bisect_left(self._bounds, value)] += 1
        self._sum += value

    def report(self) -> HistogramReport:
        """Return the counts so far."""
        return HistogramReport(list(self._bounds), list(self._buckets), self._sum)
