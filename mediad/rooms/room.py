"""Room: who is in the call and what exists in it, and what the others are told when either changes.

A room owns its peers and one router on one worker; it lives while at least one peer is attached. What a
peer may ask for is in `seat.py`, offering a track to a peer in `offers.py`, what the worker reports in
`events.py`.

When a peer id connects a second time the newcomer takes the place of the old peer at once, in one step: the
room is never empty in between, and the others keep seeing one member. They lose the old tracks (their
consumers close), but hear of the member only when the newcomer joins, or, if it goes away without joining,
that it left. So each of them sees exactly one change. `Peer.witnesses` is who still knows the member
meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from typing import Protocol
from uuid import uuid4

from mediad.errors import EnvelopeError, MediadError, Unavailable
from mediad.ortc.parameters import RtpCapabilities
from mediad.pipe import requests
from mediad.pipe.messages import Done, ReplyT, Request
from mediad.rooms import join_deadlines
from mediad.rooms.background import Background
from mediad.rooms.entities import Consumer, Log, Peer, Producer, Transport, new_peer
from mediad.rooms.limits import RoomLimits
from mediad.rooms.listener import CloseCause, PeerListener
from mediad.rooms.media import MediaWorker
from mediad.rooms.observer import DESERTED, FAILED, LEFT, Observer
from mediad.rooms.offer_queue import OfferBook
from mediad.rooms.reception import Receptions
from mediad.rooms.shares import ROOM, Claim, Holder, Stock

_DISCARD_RETRY_S = 1.0
"""A worker that did not answer gets this long before it is asked again; it may not keep what is closed."""

_logger = logging.getLogger(__name__)


class Closable(Protocol):
    """A peer, transport, producer or consumer."""

    closed: bool


class Room:
    """One call on one worker."""

    def __init__(
        self,
        room_id: str,
        worker: MediaWorker,
        capabilities: RtpCapabilities,
        limits: RoomLimits,
        background: Background,
        *,
        on_closed: Callable[[Room], None],
        observer: Observer | None = None,
        stock: Stock | None = None,
        claim: Claim | None = None,
    ) -> None:
        """`on_closed` is called once, whether the room was closed or has closed itself. `stock` is
        what its worker holds, `claim` the room's own place in it. Call `open` before anything else."""
        self.id = room_id
        self.router_id = str(uuid4())
        self.worker = worker
        self.capabilities = capabilities
        self.limits = limits
        self.background = background
        self.observer = observer or Observer()
        self.stock = stock or Stock(worker.worker_id)
        self.holder: Holder = (ROOM, room_id)
        self._claim = claim or Claim()
        self.peers: dict[str, Peer] = {}
        self.transports: dict[str, Transport] = {}
        self.producers: dict[str, Producer] = {}
        self.consumers: dict[str, Consumer] = {}
        self.offers = OfferBook()
        self.receptions = Receptions()
        self.expected = 0
        """Clients that are connecting and will attach: they keep an empty room open."""
        self.joins = join_deadlines.JoinDeadlines(self._let_go_unjoined)
        self.closed = False
        self.since_s = time.monotonic()
        self._announced = False
        self.log = self.log_of()
        self._on_closed = on_closed
        self._opening: asyncio.Task[None] | None = None

    def log_of(self, **context: str) -> Log:
        """A logger whose lines say that they are about this room, and `context`."""
        return logging.LoggerAdapter(_logger, {"room": self.id, "worker": self.worker.worker_id, **context})

    async def opened(self) -> None:
        """Wait until the router exists. Raises the worker's error, and the room has closed itself then."""
        if self._opening is None:
            self._opening = asyncio.get_running_loop().create_task(self._open())
        # shared by all who wait: one of them going away must not take it from the others
        await asyncio.shield(self._opening)

    async def _open(self) -> None:
        try:
            await self.make(requests.CreateRouter(self.router_id), requests.CloseRouter(self.router_id))
        except Exception as error:
            if not self.closed:
                self._shut(FAILED, f"could not be opened: {error}", router_exists=False)
            raise
        if not self.closed:
            self._announced = True
            self.log.info("room opened")
            self.observer.room_opened(self.id, self.worker.worker_id)

    # -- membership ----------------------------------------------------------------------------------------

    def attach(self, peer_id: str, listener: PeerListener, address: str = "unknown") -> Peer:
        """A client is connected under this id; an older one of the same id is retired in the same step.

        `address` is whose share of the worker it uses. Raises Full when that is used up.
        """
        newcomer = new_peer(peer_id, listener, self.log_of(peer=peer_id), address)
        old = self.peers.get(peer_id)
        claim = self.stock.claim if old is None else self.stock.take_over
        newcomer.claim = claim("peers", newcomer.holder)
        self.peers[peer_id] = newcomer
        newcomer.log.debug("peer connected" if old is None else "peer connected again")
        if old is not None:
            reason = "replaced by a newer connection of the same peer"
            newcomer.witnesses = self._acquaintances(old)
            self._retire(old)
            self._report_end(old, CloseCause.REPLACED.value, reason)
            old.listener.closed(CloseCause.REPLACED, reason)
        self.joins.expect(newcomer)
        self.observer.peer_connected(self.id, peer_id)
        return newcomer

    def copies_for(self, peer: Peer) -> int:
        """How many consumers it gets of each track.

        Its own wish, for itself alone: one client's load test must not multiply what the others receive.
        """
        return 1 + max(0, min(peer.wanted_replicas, self.limits.consumer_replicas))

    def joined_peers(self, *, but: Peer | None = None) -> list[Peer]:
        """Everybody in the call, in the order they connected, `but` one."""
        return [peer for peer in self.peers.values() if peer.joined and peer is not but]

    def _acquaintances(self, peer: Peer) -> set[Peer]:
        """Who takes this peer for a member."""
        return peer.witnesses.union(self.joined_peers(but=peer) if peer.joined else ())

    def introduce(self, peer: Peer) -> None:
        """Tell the others of a peer that has just joined."""
        peer.witnesses.clear()
        for other in self.joined_peers(but=peer):
            other.listener.peer_joined(peer.info)

    def leave(self, peer: Peer, cause: str = LEFT, reason: str = "its connection ended") -> None:
        """The peer's connection is over, or must end. The last one closes the room."""
        if peer.closed:
            return
        del self.peers[peer.id]
        for other in self._acquaintances(peer):
            if not other.closed:
                other.listener.peer_left(peer.id)
        self._retire(peer)
        self._report_end(peer, cause, reason)
        self.close_if_deserted()

    def remove(self, peer: Peer, cause: CloseCause, reason: str) -> None:
        """Let one peer go, telling it why; for the others it has left."""
        self.leave(peer, cause.value, reason)
        peer.listener.closed(cause, reason)

    def _let_go_unjoined(self, peer: Peer) -> None:
        peer.log.info("peer let go: %s", join_deadlines.REASON)
        self.observer.join_overdue(self.id, peer.id)
        self.remove(peer, CloseCause.NOT_JOINED, join_deadlines.REASON)

    def _report_end(self, peer: Peer, cause: str, reason: str) -> None:
        """One line and one event for each member that goes; who never joined is not worth either."""
        self.joins.met(peer)
        peer.claim.release()
        if peer.joined:
            peer.log.info("peer left (%s): %s", cause, reason)
            self.observer.peer_left(self.id, peer.id, self.worker.worker_id, cause, reason)
        else:
            peer.log.debug("peer gone before it joined (%s): %s", cause, reason)
        self.observer.peer_gone(self.id, peer.id)

    def _retire(self, peer: Peer) -> None:
        """Close everything the peer has; the others hear only of the consumers they lose."""
        peer.closed = True
        for transport in list(peer.transports.values()):
            self._close_transport(transport)

    # -- the end -------------------------------------------------------------------------------------------

    def close(self, cause: CloseCause, reason: str) -> None:
        """Let every peer go, telling each why, and free the router on the worker with all there is on it."""
        if self.closed:
            return
        peers, self.peers = list(self.peers.values()), {}
        for peer in peers:
            peer.closed = True
            self._report_end(peer, cause.value, reason)
        self._shut(cause.value, reason, router_exists=cause is not CloseCause.WORKER_DIED)
        for peer in peers:
            peer.listener.closed(cause, reason)

    def close_if_deserted(self) -> None:
        """A room lives as long as somebody is attached, or about to be."""
        if not (self.closed or self.peers or self.expected):
            self._shut(DESERTED, "nobody is left", router_exists=True)

    def _shut(self, cause: str, reason: str, *, router_exists: bool) -> None:
        self.closed = True
        for transport_id in self.transports:
            self.observer.transport_closed(transport_id)
        for record in self._records():
            record.closed = True
            record.claim.release()
        self._claim.release()
        self.transports.clear()
        self.producers.clear()
        self.consumers.clear()
        self.worker.unsubscribe(self.router_id)
        if router_exists:
            self.discard(requests.CloseRouter(self.router_id))
        self.log.info("room closed (%s): %s", cause, reason)
        if self._announced:
            self.observer.room_closed(self.id, self.worker.worker_id, cause, reason)
        self._on_closed(self)

    def _records(self) -> Iterator[Transport | Producer | Consumer]:
        yield from self.transports.values()
        yield from self.producers.values()
        yield from self.consumers.values()

    # -- the books -----------------------------------------------------------------------------------------

    def enter_transport(self, transport: Transport) -> None:
        transport.peer.transports[transport.id] = transport
        self.transports[transport.id] = transport

    def enter_producer(self, producer: Producer) -> None:
        """Put it in the books, before the worker makes it: its events may arrive before the answer does."""
        producer.transport.producers[producer.id] = producer
        self.producers[producer.id] = producer

    def enter_consumer(self, consumer: Consumer) -> None:
        """As for producers. Raises Full when the worker has no more room for it."""
        consumer.claim = self.stock.claim("consumers", self.holder, consumer.peer.holder)
        consumer.transport.consumers[consumer.id] = consumer
        consumer.producer.consumers[consumer.id] = consumer
        self.consumers[consumer.id] = consumer

    def _close_transport(self, transport: Transport) -> None:
        transport.closed = True
        for producer in list(transport.producers.values()):
            self.forget_producer(producer)
        for consumer in list(transport.consumers.values()):
            self.forget_consumer(consumer)
        del transport.peer.transports[transport.id]
        del self.transports[transport.id]
        transport.claim.release()
        self.observer.transport_closed(transport.id)
        self.discard(requests.CloseTransport(transport.id))

    def forget_producer(self, producer: Producer) -> None:
        """Take it out of the books and tell those who receive it; the worker is the caller's business."""
        producer.closed = True
        producer.claim.release()
        producer.transport.producers.pop(producer.id, None)
        producer.transport.claims.release(producer.id)
        self.producers.pop(producer.id, None)
        for consumer in list(producer.consumers.values()):
            self.forget_consumer(consumer)
            if consumer.announced:
                consumer.peer.listener.consumer_closed(consumer.id)

    def forget_consumer(self, consumer: Consumer) -> None:
        """Take it out of the books; the worker and the client are the caller's business."""
        consumer.closed = True
        consumer.claim.release()
        consumer.transport.consumers.pop(consumer.id, None)
        consumer.transport.consumer_ssrcs.discard(consumer.ssrc)
        consumer.producer.consumers.pop(consumer.id, None)
        self.consumers.pop(consumer.id, None)

    # -- the worker ----------------------------------------------------------------------------------------

    async def ask(self, request: Request[ReplyT], about: Closable | None = None) -> ReplyT:
        """Ask this room's worker. Raises what it answered with, or WorkerDied.

        What is `about` something that was closed before its turn came is not asked any more: InvalidState.
        """
        return await self.worker.request_for(
            self.router_id, type(request), lambda: None if about is not None and about.closed else request
        )

    async def make(
        self, creation: Request[ReplyT], undoing: Request[Done], about: Closable | None = None
    ) -> ReplyT:
        """Ask for the `creation` of something that `undoing` closes.

        Raises like `ask`. Afterwards it does not exist, also when the worker was only too slow to answer, or
        its answer cannot be read.
        """
        try:
            return await self.ask(creation, about)
        except (Unavailable, EnvelopeError):
            self.discard(undoing)
            raise

    def discard(self, closing: Request[Done]) -> None:
        """Have the worker close something, without waiting for it."""
        self.background.run(self._discard(closing))

    async def _discard(self, closing: Request[Done]) -> None:
        while True:
            try:
                await self.ask(closing)
            except Unavailable:
                await asyncio.sleep(_DISCARD_RETRY_S)
                continue
            except MediadError:
                pass  # it is gone with something larger, or with the worker
            return
