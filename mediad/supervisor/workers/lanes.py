"""What waits to be sent to a worker: a lane for each room, served in turn.

Sans-I/O. Nothing is ever refused here: who puts things in has limits of its own (requests of a connection,
objects of a peer), and what waits ends with the worker. A room that asks for much waits behind itself: the
others have their turn after one request of it.
"""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Lanes(Generic[Item]):
    """At most `window` of all lanes together, and `lane_window` of each, are under way at a time.

    A lane's own order is kept.
    """

    def __init__(self, window: int, lane_window: int) -> None:
        self._window = window
        self._lane_window = lane_window
        self._waiting: dict[str, deque[Item]] = {}
        self._turns: deque[str] = deque()
        """Lanes that have something waiting and may have more under way."""
        self._under_way: dict[str, int] = {}
        self._total = 0

    def __len__(self) -> int:
        """How many wait."""
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
        """The next one that may be sent, which is under way from now on; None while there is none."""
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
        """One of this lane that was under way no longer is."""
        under_way = self._under_way.pop(lane)
        self._total -= 1
        if under_way > 1:
            self._under_way[lane] = under_way - 1
        if under_way == self._lane_window and lane in self._waiting:
            self._turns.append(lane)

    def clear(self) -> list[Item]:
        """Everything that waits, which no longer does."""
        left = [item for waiting in self._waiting.values() for item in waiting]
        self._waiting.clear()
        self._turns.clear()
        return left
