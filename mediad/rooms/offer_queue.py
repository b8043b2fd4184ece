"""The queue of offers: pairs of a receiver and what it is offered, in an order that is fair to the receivers.

Until its turn comes an offer is only such a pair: there is no consumer, nothing on the worker, and nothing to
undo when either end leaves meanwhile.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from mediad.rooms.entities import DataProducer, Peer, Producer

Pair = tuple[Peer, Producer | DataProducer]

OFFERS_PER_PEER = 64
"""The most unanswered offers of one client: 0.2 MB on its socket, and some seconds of a slow phone's time."""

TAKEN_IN_A_ROW = 8
"""The offers of one client before the next has its turn: they fit one write here, and one read there."""


_TIDY_FROM = 64
"""The length of a line up to which it is not searched for what is over."""

ItemT = TypeVar("ItemT")


class Line(Generic[ItemT]):
    """A line of waiting offers; few of those that are over stay in it, however many are begun and ended."""

    __slots__ = ("_is_over", "_tidy_from", "items")

    def __init__(self, is_over: Callable[[ItemT], bool]) -> None:
        self.items: deque[ItemT] = deque()
        self._is_over = is_over
        self._tidy_from = _TIDY_FROM

    def append(self, item: ItemT) -> None:
        self.items.append(item)
        if len(self.items) > self._tidy_from:
            self.items = deque(item for item in self.items if not self._is_over(item))
            self._tidy_from = max(_TIDY_FROM, 2 * len(self.items))


class OfferQueue:
    """A queue of offers, of which at most `window` of one peer are under way.

    So a client that answers late or never holds no more consumers than that, and is not sent more at once
    than its socket can take.
    """

    def __init__(self, window: int) -> None:
        self._window = window
        self._waiting: dict[Peer, Line[Producer | DataProducer]] = {}
        self._turns: deque[Peer] = deque()
        """Peers with waiting offers that may have more under way."""
        self._under_way: dict[Peer, int] = {}

    def __bool__(self) -> bool:
        """True when there is an offer to take."""
        return bool(self._turns)

    def put(self, peer: Peer, producer: Producer | DataProducer) -> None:
        waiting = self._waiting.get(peer)
        if waiting is not None:
            waiting.append(producer)
            return
        self._waiting[peer] = line = Line[Producer | DataProducer](lambda waiting: waiting.closed)
        line.append(producer)
        if self._under_way.get(peer, 0) < self._window:
            self._turns.append(peer)

    def take(self, limit: int) -> list[Pair]:
        """Return up to `limit` pairs, some of each peer in turn; they are under way until `done`.

        Pairs of which either end is closed are left out.
        """
        taken: list[Pair] = []
        while self._turns and len(taken) < limit:
            peer = self._turns.popleft()
            waiting = self._waiting[peer].items
            under_way = self._under_way.get(peer, 0)
            most = 0 if peer.closed else min(TAKEN_IN_A_ROW, limit - len(taken), self._window - under_way)
            if peer.closed:
                waiting.clear()
            before = len(taken)
            while waiting and len(taken) - before < most:
                producer = waiting.popleft()
                if not producer.closed:
                    taken.append((peer, producer))
            if len(taken) > before:
                under_way = self._under_way[peer] = under_way + len(taken) - before
            if not waiting:
                del self._waiting[peer]
            elif under_way < self._window:
                self._turns.append(peer)
        return taken

    def drop(self, peer: Peer) -> None:
        """Forget the waiting offers of a peer; those that are under way go on."""
        waiting = self._waiting.get(peer)
        if waiting is not None:
            waiting.items.clear()

    def done(self, peer: Peer) -> None:
        """Count an offer of this peer as under way no longer: it was answered, or failed."""
        under_way = self._under_way.pop(peer)
        if under_way > 1:
            self._under_way[peer] = under_way - 1
        if under_way == self._window and peer in self._waiting:
            self._turns.append(peer)
