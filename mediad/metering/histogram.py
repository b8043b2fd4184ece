"""A histogram that is counted in one process and read in another."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from typing import Any


class Histogram:
    """Counts values by `bounds`: a bucket has the values above the bound before it, up to its own."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._buckets = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        self._buckets[bisect.bisect_left(self._bounds, value)] += 1
        self._sum += value

    def report(self) -> dict[str, Any]:
        """The histogram as data: `bounds`, `buckets` (values in each, the last beyond all bounds), `sum`."""
        return {"bounds": list(self._bounds), "buckets": list(self._buckets), "sum": self._sum}
