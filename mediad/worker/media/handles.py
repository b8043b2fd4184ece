"""Handles of the media path: an index into its arrays, and a generation that tells objects there apart."""

from __future__ import annotations

import heapq

from mediad.errors import Full

INDEX_BITS = 20
_GENERATIONS = 1 << 12


class Slots:
    """The handles for one kind of object. An index returns only when the media thread is done with it.

    The lowest free index goes first, so that a quiet worker touches little of the memory a busy one needs.
    """

    def __init__(self, capacity: int, what: str) -> None:
        self._what = what
        self._capacity = capacity
        self._free: list[int] = []
        self._unused = 0
        self._generations: dict[int, int] = {}

    def take(self) -> int:
        """Return a handle nobody else has. Raises Full when all are taken."""
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
        """Free the index of a handle: the media thread is done with it."""
        heapq.heappush(self._free, handle & ((1 << INDEX_BITS) - 1))
