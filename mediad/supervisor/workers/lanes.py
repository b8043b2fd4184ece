"""Lanes: the requests that wait to be sent to a worker, one lane for each room, served in turn.

Sans-I/O. Nothing is ever refused here: the senders have limits of their own (requests of a connection,
objects of a peer), and waiting requests end with the worker. A room with many requests does not hold up the
others: they have their turn after one request of it.
"""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Lanes(Generic[Item]):
    """Waiting items by lane. Of all together at most `window` are under way, of each lane `lane_window`.

    The order within a lane is kept.
    """

    def __init__(self, window: int, lane_window: int) -> None:
        self._window = window
        self._lane_window = lane_window
        self._waiting: dict[str, deque[Item]] = {}
        self._turns: deque[str] = deque()
        """Lanes with waiting items that may have more under way."""
        self._under_way: dict[str, int] = {}
        self._total = 0

    def __len__(self) -> int:
        """Return the number of waiting items."""
        return sum(map(len, self._waiting.values()))

    def put(self, lane: str, item: Item) -> None:
        waiting = self._waiting.get(lane)
        if waiting is not None:
            waiting.append(item)
            return
        self._waiting[lane] = deque((item,))
        if self._under_way.get(lane, 0) < self._lane_window:
            self._turns.append(lane)

    def take(self) -> Item | None:
        """Return the next item that may be sent, and count it as under way; None while there is none."""
        if not self._turns or self._total >= self._window:
            return None
        lane = self._turns.popleft()
        waiting = self._waiting[lane]
        item = waiting.popleft()
        under_way = self._under_way[lane] = self._under_way.get(lane, 0) + 1
        self._total += 1
        if not waiting:
            del self._waiting[lane]
        elif under_way < self._lane_window:
            self._turns.append(lane)
        return item

    def done(self, lane: str) -> None:
        """Count one item of this lane as under way no longer."""
        under_way = self._under_way.pop(lane)
        self._total -= 1
        if under_way > 1:
            self._under_way[lane] = under_way - 1
        if under_way == self._lane_window and lane in self._waiting:
            self._turns.append(lane)

    def clear(self) -> list[Item]:
        """Remove and return all waiting items."""
        left = [item for waiting in self._waiting.values() for item in waiting]
        self._waiting.clear()
        self._turns.clear()
        return left
