"""A histogram that is counted in one process and read in another."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from typing import Any


class Histogram:
    """Counts values by `bounds`: each bucket holds what is above the bound before it, up to its own."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._buckets = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        self._buckets[bisect.bisect_left(self._bounds, value)] += 1
        self._sum += value

    def report(self) -> dict[str, Any]:
        """`bounds`, `buckets` (how many values each has, one of them beyond all bounds), `sum` of values."""
        return {"bounds": list(self._bounds), "buckets": list(self._buckets), "sum": self._sum}
