"""The offers of a room: made a few at a time, and again when the worker had no room for them.

How a batch of them is made is the business of `offers.make`, which the room brings.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any
from weakref import WeakKeyDictionary

from mediad.errors import Unavailable
from mediad.rooms.background import Background
from mediad.rooms.entities import Consumer, DataProducer, Log, Peer, Producer
from mediad.rooms.offer_queue import OFFERS_PER_PEER, Line, OfferQueue, Pair

BATCH = 16
"""The number of consumers made at a time: one or two milliseconds of work on either side."""

BATCHES = 2
"""The number of batches of one room at a time: the worker does one while clients hear of the other."""

RETRY_S, LONGEST_RETRY_S = 1.0, 16.0
"""The wait before offers that the worker had no room for are made again, doubled until one succeeds."""

_MOST_FAILURES = 16
"""The failures that are counted: in the long run a wait doubled for each would be no number any more."""

Make = Callable[[list[Pair]], Coroutine[Any, Any, None]]
"""A function that makes these offers; it calls `done` with the peer of each pair when that has ended."""


class OfferBook:
    """The offers of a room, from the wish until packets flow."""

    def __init__(self, background: Background, log: Log, make: Make) -> None:
        self.queue = OfferQueue(OFFERS_PER_PEER)
        self.accepted: deque[Consumer] = deque()
        """Consumers that their clients have accepted, and that are to be resumed."""
        self.resuming = False
        self._background = background
        self._log = log
        self._make = make
        self._batches = 0
        """Batches that are being made."""
        self._put_off: Line[Pair] = Line(_is_over)
        """Offers that the worker had no room for, and that are to be made again."""
        self._refused: WeakKeyDictionary[Peer, Line[Producer]] = WeakKeyDictionary()
        """Tracks that a peer is not offered because its grants have a limit."""
        self._trying: asyncio.TimerHandle | None = None
        """The timer until then."""
        self._failures = 0
        """The number of times in a row that this happened."""

    def want(self, peer: Peer, producer: Producer | DataProducer, copies: int = 1) -> None:
        """Note that a peer is to be offered this; it is when `proceed` is called."""
        for _ in range(copies):
            self.queue.put(peer, producer)

    def proceed(self) -> None:
        """Make waiting offers, while fewer than BATCHES are being made."""
        while self.queue and self._batches < BATCHES:
            self._batches += 1
            self._background.run(self._make_next())

    async def _make_next(self) -> None:
        try:
            await self._background.turns.take()
            pairs = self.queue.take(BATCH)
            if pairs:
                await self._make(pairs)
        finally:
            self._batches -= 1
            self.proceed()

    def done(self, peer: Peer) -> None:
        """Note that an offer of this peer has ended, with whatever outcome."""
        self.queue.done(peer)
        self.proceed()

    def drop(self, peer: Peer) -> None:
        """Forget all offers of a peer that may not receive any more; those that are under way go on."""
        self.queue.drop(peer)
        self._refused.pop(peer, None)
        self._put_off.items = deque(pair for pair in self._put_off.items if pair[0] is not peer)

    def refuse(self, peer: Peer, producer: Producer) -> None:
        """Keep a track that a peer may not have now, until `freed`."""
        self._refused.setdefault(peer, Line[Producer](lambda producer: producer.closed)).append(producer)

    def freed(self, peer: Peer, places: int = 1) -> None:
        """Offer tracks that were refused to a peer, now that it may have as many more."""
        refused, most = self._refused.get(peer), peer.grants.max_consumers
        full = most is not None and peer.consumer_count() >= most
        if refused is None or peer.closed or full:
            return
        while refused.items and places:
            producer = refused.items.popleft()
            if not producer.closed:
                self.want(peer, producer)
                places -= 1
        if not refused.items:
            del self._refused[peer]
        self.proceed()

    def succeeded(self) -> None:
        """Note that the worker has room."""
        self._failures = 0

    def put_off(self, pair: Pair, error: Unavailable) -> None:
        """Make an offer again later, that the worker had no room for."""
        self._put_off.append(pair)
        if self._trying is None:
            delay_s = min(RETRY_S * 2**self._failures, LONGEST_RETRY_S)
            self._failures = min(self._failures + 1, _MOST_FAILURES)
            self._log.warning("consumers could not be made, trying again in %g s: %s", delay_s, error)
            self._trying = asyncio.get_running_loop().call_later(delay_s, self._try_again)

    def _try_again(self) -> None:
        self._trying = None
        pairs, self._put_off = self._put_off.items, Line(_is_over)
        for pair in pairs:
            if not _is_over(pair):
                self.want(*pair)
        self.proceed()


def _is_over(pair: Pair) -> bool:
    """True when the receiver or the sender of an offer has gone."""
    return any(end.closed for end in pair)
