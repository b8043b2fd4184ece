"""Handles of the media path: an index into its arrays, and a generation that tells its objects apart."""

from __future__ import annotations

import heapq

from mediad.errors import Full

INDEX_BITS = 20
_GENERATIONS = 1 << 12


class Slots:
    """The handles for one kind of object. An index is free again only when the media thread has closed it.

    The lowest free index is used first, so that a worker with few objects touches little of the memory that
    one with many needs.
    """

    def __init__(self, capacity: int, what: str) -> None:
        self._what = what
        self._capacity = capacity
        self._free: list[int] = []
        self._unused = 0
        self._generations: dict[int, int] = {}

    def take(self) -> int:
        """Return a handle that is not in use. Raises Full when all are."""
        if self._free:
            index = heapq.heappop(self._free)
        elif self._unused < self._capacity:
            index = self._unused
            self._unused += 1
        else:
            raise Full(f"this worker is full: {self._capacity} {self._what}")
        generation = self._generations.get(index, 0) % (_GENERATIONS - 1) + 1
        self._generations[index] = generation
        return generation << INDEX_BITS | index

    def give_back(self, handle: int) -> None:
        """Free the index of a handle whose object the media thread has closed."""
        heapq.heappush(self._free, handle & ((1 << INDEX_BITS) - 1))
