"""A queue of events that is bounded in all: when it is full, the room with most events loses its oldest.

So one noisy room, however many events it causes, does not push out those of others.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from itertools import islice

_RANK_AGAIN = 64
"""The events that a room loses before another room may be the one with most."""


class FairQueue:
    """Events in the order they came, each of a room; "" is the room of those that are of none."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._events: OrderedDict[int, bytes] = OrderedDict()
        self._rooms: dict[str, deque[int]] = {}
        self._room_of: dict[int, str] = {}
        self._next = 0
        self._noisy = ""
        self._turns_left = 0

    def __len__(self) -> int:
        return len(self._events)

    def put(self, event: bytes, room: str) -> int:
        """Add an event; returns how many were dropped to make room for it."""
        number, self._next = self._next, self._next + 1
        self._events[number] = event
        if room:
            self._room_of[number] = room
        self._rooms.setdefault(room, deque()).append(number)
        if len(self._events) <= self._limit:
            return 0
        self._drop_one()
        return 1

    def peek(self, count: int) -> tuple[list[bytes], int]:
        """Return the next `count` events at most, and the mark to tell `taken`."""
        found = list(islice(self._events.items(), count))
        return [event for _, event in found], found[-1][0] + 1 if found else self._next

    def taken(self, mark: int) -> int:
        """Remove the events before `mark`; returns how many of them were still here."""
        count = 0
        while self._events and (number := next(iter(self._events))) < mark:
            self._remove(number)
            count += 1
        return count

    def all(self) -> list[bytes]:
        """Return all events in their order."""
        return list(self._events.values())

    def _drop_one(self) -> None:
        self._turns_left -= 1
        if self._turns_left < 0 or self._noisy not in self._rooms:
            self._noisy = max(self._rooms, key=lambda room: len(self._rooms[room]))
            self._turns_left = min(_RANK_AGAIN, len(self._rooms[self._noisy]) // 2)
        self._remove(self._rooms[self._noisy][0])

    def _remove(self, number: int) -> None:
        del self._events[number]
        room = self._room_of.pop(number, "")
        numbers = self._rooms[room]
        numbers.popleft()  # the events of a room leave in their order
        if not numbers:
            del self._rooms[room]
