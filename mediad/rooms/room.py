"""Room: the membership of a call: peers attach, join, replace each other and leave, and the others are told.

A room exists while at least one peer with a connection is attached; broadcasters have none. Its `Books` have
its objects, its part on a worker is a `Branch`, and `Pipes` join those. The requests of a peer are in
`seat.py`, what it is offered in `offers.py`, and the events of a worker in `events.py`.

When a peer id connects a second time, the new peer replaces the old one in one step: the room is never empty
in between, and the others keep seeing one member. They lose the old tracks (their consumers close), but are
told of the member only when the new peer joins, or, if it leaves without joining, that it left. So each of
them sees exactly one change. `Peer.witnesses` are the peers that still know the member meanwhile.

Taps (`tap.py`) receive what is sent in the room, and are no members of it: no client is told of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

from mediad.ortc.parameters import RtpCapabilities
from mediad.pipe.events import RouterEvent
from mediad.rooms import expiry, join_deadlines, recorded
from mediad.rooms.background import Background
from mediad.rooms.books import Books
from mediad.rooms.bot import Bot
from mediad.rooms.branch import Branch
from mediad.rooms.branches import Branches
from mediad.rooms.ceilings import Ceilings
from mediad.rooms.entities import Log, Peer, new_peer
from mediad.rooms.hearing import Hearing
from mediad.rooms.limits import RoomLimits
from mediad.rooms.listener import CloseCause, PeerListener
from mediad.rooms.observer import DESERTED, FAILED, LEFT, RoomObserver
from mediad.rooms.offer_book import OfferBook
from mediad.rooms.offer_queue import Pair
from mediad.rooms.pipes import Pipes
from mediad.rooms.reception import Receptions
from mediad.rooms.silence import Silence
from mediad.rooms.spread import Spread
from mediad.rooms.stock import ROOM

_logger = logging.getLogger(__name__)

OnTapEnd = Callable[[str, str], None]


class Room:
    """The room of one call."""

    def __init__(
        self,
        room_id: str,
        branches: Branches,
        capabilities: RtpCapabilities,
        limits: RoomLimits,
        background: Background,
        *,
        make_offers: Callable[[Room, list[Pair]], Coroutine[Any, Any, None]],
        on_event: Callable[[Room, Branch, RouterEvent], None],
        on_closed: Callable[[Room], None],
        observer: RoomObserver | None = None,
    ) -> None:
        """Prepare a room; wait for `opened` before anything else.

        `make_offers` is `offers.make` and `on_event` is `events.receive`, which are above this file.
        `on_closed` is called once, whether the room was closed or has closed itself.
        """
        self.id = room_id
        self.branches = branches
        self.capabilities = capabilities
        self.limits = limits
        self.background = background
        self.observer = observer or RoomObserver()
        self.peers: dict[str, Peer] = {}
        self.spread: Spread | None = None
        """The number of workers that it is on, where it has a wish of its own; None: as the settings say."""
        self._log_context: dict[str, object] = {"room": room_id, "worker": self.home.worker_id}
        self.log: Log = logging.LoggerAdapter(_logger, self._log_context)
        self.pipes = Pipes((ROOM, room_id), background, self.log)
        self.hearing = Hearing(branches, self.pipes, background)
        self.offers = OfferBook(background, self.log, functools.partial(make_offers, self))
        self.books = Books((ROOM, room_id), self.observer, self.pipes, self.offers.freed)
        self.ceilings = Ceilings()
        self.bot = Bot(room_id, self.books, self.home, background, self.log, self.observer)
        self.receptions = Receptions()
        self.expected = 0
        """The number of clients that are connecting and will attach: they keep an empty room open."""
        self.joins = join_deadlines.JoinDeadlines(self._remove_unjoined)
        self.silence = Silence(background, lambda: self.limits.broadcaster_timeout_s, self._remove_silent)
        self.expiries = expiry.Expiries(lambda: self.limits.cuts_expired, self._remove_expired)
        self.taps: dict[Peer, OnTapEnd] = {}
        """The hidden receivers, and what is called with cause and reason when the room ends one of them."""
        self.closed = False
        self.since_s = time.monotonic()
        self._announced = False
        self._on_event = on_event
        self._on_closed = on_closed
        self._opening: asyncio.Task[None] | None = None
        branches.watched_by(self)

    @property
    def home(self) -> Branch:
        """The branch on which speakers are observed, and the bot is."""
        return self.branches.home

    def log_of(self, branch: Branch, **context: str) -> Log:
        """Return a logger whose lines name this room, the worker of a branch, and `context`."""
        return logging.LoggerAdapter(_logger, {"room": self.id, "worker": branch.worker_id, **context})

    async def opened(self) -> None:
        """Wait until the routers exist. Raises a worker's error; then the room has closed itself."""
        if self._opening is None:
            self._opening = asyncio.get_running_loop().create_task(self._open())
        # shared by all who wait: one of them, when cancelled, must not cancel it for the others
        await asyncio.shield(self._opening)

    async def _open(self) -> None:
        try:
            await self.branches.opened(self.home)
        except Exception as error:
            if not self.closed:
                self._shut(FAILED, f"could not be opened: {error}")
            raise
        if not self.closed:
            self._announced = True
            self.log.info("room opened")
            self.observer.room_opened(self.id, self.home.worker_id)

    # -- membership ----------------------------------------------------------------------------------------

    def place(self, peer_id: str) -> contextlib.AbstractAsyncContextManager[Branch]:
        """Return a context with the branch for a client, which is opened if need be, and stays open in it.

        A client that connects again stays on its branch.
        """
        rules, old = self.limits.spread, self.peers.get(peer_id)
        spread = rules.spread if self.spread is None else self.spread
        return self.branches.place(spread, rules, stay=None if old is None else old.branch)

    def attach(
        self,
        peer_id: str,
        listener: PeerListener,
        address: str | None = None,
        *,
        branch: Branch | None = None,
        keeps_room: bool = True,
    ) -> Peer:
        """Attach a client that has connected under this id, and close an older one of the same id.

        It is put on this branch, else on that of the older one, else at home. The client uses the share of
        the worker that its `address` has. Raises Full when that is used up.
        """
        old = self.peers.get(peer_id)
        branch = branch or (self.home if old is None else old.branch)
        newcomer = new_peer(peer_id, branch, listener, self.log_of(branch, peer=peer_id), address)
        newcomer.keeps_room = keeps_room
        replaces = old is not None and old.branch is branch
        claim = branch.stock.take_over if replaces else branch.stock.claim
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
        if not keeps_room:
            self.silence.watch(newcomer)
        self.observer.peer_connected(self.id, peer_id)
        return newcomer

    def copies_for(self, peer: Peer) -> int:
        """Return the number of consumers that a peer gets of each track.

        It is the peer's own wish, for itself alone: one client's load test must not multiply what the
        others receive.
        """
        return 1 + max(0, min(peer.wanted_replicas, self.limits.consumer_replicas))

    def joined_peers(self, *, but: Peer | None = None) -> list[Peer]:
        """Return the peers that have joined, in the order they connected, except `but`."""
        return [peer for peer in self.peers.values() if peer.joined and peer is not but]

    def receivers(self, *, but: Peer) -> list[Peer]:
        """Return those who are to be offered what peer `but` sends: the other members, and the taps."""
        taps = (tap for tap in self.taps if tap.hears in (None, but.id))
        return [*self.joined_peers(but=but), *taps]

    def _acquaintances(self, peer: Peer) -> set[Peer]:
        """Return the peers that know this one as a member."""
        return peer.witnesses.union(self.joined_peers(but=peer) if peer.joined else ())

    def introduce(self, peer: Peer) -> None:
        """Tell the others of a peer that has just joined, and the peer that it is recorded, if it is."""
        peer.witnesses.clear()
        for other in self.joined_peers(but=peer):
            other.listener.peer_joined(peer.info)
        if recorded.is_recorded(peer, self.taps):
            peer.listener.recording_changed(True)

    def tell_tracks(self, peer: Peer) -> None:
        """Tell the others what a peer sends, after it has paused or resumed a track."""
        tracks = peer.tracks()
        for other in self.joined_peers(but=peer):
            other.listener.tracks_changed(peer.id, tracks)

    def leave(self, peer: Peer, cause: str = LEFT, reason: str = "its connection ended") -> None:
        """Take out a peer whose connection has ended, or must end. The last one closes the room."""
        if peer.closed:
            return
        self._take_out([peer], cause, reason)
        self.close_if_deserted()

    def _take_out(self, peers: list[Peer], cause: str, reason: str) -> None:
        """Take out peers, and tell those who stay."""
        for peer in peers:
            del self.peers[peer.id]
            peer.closed = True
        for peer in peers:
            for other in (*self._acquaintances(peer), *self.taps):
                if not other.closed:
                    other.listener.peer_left(peer.id)
            self._retire(peer)
            self._report_end(peer, cause, reason)
        self.branches.review()

    def remove(self, peer: Peer, cause: CloseCause, reason: str) -> None:
        """Close one peer, telling its client why; the others are told that it left."""
        if peer in self.taps:
            self.end_tap(peer, cause.value, reason)
            return
        self.leave(peer, cause.value, reason)
        peer.listener.closed(cause, reason)

    def _remove_unjoined(self, peer: Peer) -> None:
        peer.log.info("peer closed: %s", join_deadlines.REASON)
        self.observer.join_overdue(self.id, peer.id)
        self.remove(peer, CloseCause.NOT_JOINED, join_deadlines.REASON)

    def _remove_silent(self, peer: Peer) -> None:
        reason = f"no packet has come from it for {self.limits.broadcaster_timeout_s} s"
        self.remove(peer, CloseCause.SILENT, reason)

    def _remove_expired(self, peer: Peer) -> None:
        self.remove(peer, CloseCause.EXPIRED, expiry.REASON)

    def _report_end(self, peer: Peer, cause: str, reason: str) -> None:
        """Log and report the end of a peer; one that never joined gets a debug line only."""
        self.joins.met(peer)
        self.silence.forget(peer)
        self.expiries.forget(peer)
        peer.claim.release()
        if peer.joined:
            peer.log.info("peer left (%s): %s", cause, reason)
            self.observer.peer_left(self.id, peer.id, peer.branch.worker_id, cause, reason)
        else:
            peer.log.debug("peer gone before it joined (%s): %s", cause, reason)
        self.observer.peer_gone(self.id, peer.id)

    def _retire(self, peer: Peer) -> None:
        """Close all that the peer has; the others are told only of the consumers they lose."""
        peer.closed = True
        for transport in list(peer.transports.values()):
            self.books.close_transport(transport)

    # -- taps ----------------------------------------------------------------------------------------------

    def add_tap(self, tap: Peer, on_end: OnTapEnd) -> None:
        """Add a hidden receiver, which counts in no limit of members and keeps no room open."""
        before = list(self.taps)
        self.taps[tap] = on_end
        recorded.tell(self.joined_peers(), before, self.taps)

    def remove_tap(self, tap: Peer) -> None:
        """Take out a hidden receiver and close what it has; a second call does nothing."""
        before = list(self.taps)
        if self.taps.pop(tap, None) is not None:
            self._retire(tap)
            recorded.tell(self.joined_peers(), before, self.taps)
            self.branches.review()

    def end_tap(self, tap: Peer, cause: str, reason: str) -> None:
        """Take out a hidden receiver that has lost its media, and tell it."""
        on_end = self.taps[tap]
        self.remove_tap(tap)
        on_end(cause, reason)

    # -- branches ------------------------------------------------------------------------------------------

    def heads(self) -> Counter[Branch]:
        """Return the number of peers on each branch, with taps."""
        return Counter(peer.branch for peer in (*self.peers.values(), *self.taps))

    def receive(self, branch: Branch, event: RouterEvent) -> None:
        """Apply an event of a branch's worker."""
        self._on_event(self, branch, event)

    def worker_died(self, worker_id: int) -> None:
        """Close those that were on this worker; the others keep what they have of each other."""
        branch = self.branches.on(worker_id)
        if branch is not None:
            branch.lost()
            self.send_away(branch, CloseCause.WORKER_DIED, "media worker died")

    def send_away(self, branch: Branch, cause: CloseCause, reason: str) -> None:
        """Close a branch with the peers on it, telling them why; the room when nobody is elsewhere."""
        if not any(peer.keeps_room and peer.branch is not branch for peer in self.peers.values()):
            self.close(cause, reason)
            return
        for tap in [tap for tap in self.taps if tap.branch is branch]:
            self.end_tap(tap, cause.value, reason)
        peers = [peer for peer in self.peers.values() if peer.branch is branch]
        self._take_out(peers, cause.value, reason)
        self.branches.drop(branch, cause.value, reason)
        for peer in peers:
            peer.listener.closed(cause, reason)

    def branch_opened(self, branch: Branch) -> None:
        """Note that a further branch can be used."""
        self.log.info("the room is on worker %d too now", branch.worker_id)
        self.observer.branch_opened(self.id, branch.worker_id)

    def branch_left(self, branch: Branch, cause: str, reason: str) -> None:
        """Drop all that was piped from or to a branch that is closed."""
        self.pipes.branch_lost(branch)
        if branch.announced:
            self.log.info("the room is not on worker %d any more (%s): %s", branch.worker_id, cause, reason)
            self.observer.branch_closed(self.id, branch.worker_id, cause, reason)

    def home_moved(self) -> None:
        """Have speakers observed on another branch, and the bot speak there, if it has spoken at all."""
        self.log.info("speakers are observed on worker %d now", self.home.worker_id)
        self._log_context["worker"] = self.home.worker_id
        self.pipes.home_moved(self.home)
        for producer in self.books.producers.values():
            if producer.announced:
                self.hearing.hear(producer)
        if self.bot.move(self.home) and (voice := self.bot.voice()) is not None:
            for peer in self.peers.values():
                if peer.receiving_data:
                    self.offers.want(peer, voice)
            self.offers.proceed()

    # -- the end -------------------------------------------------------------------------------------------

    def close(self, cause: CloseCause, reason: str) -> None:
        """Close every peer, telling each client why, and the routers with all that is on them."""
        if not self.closed:
            for peer in self._shut(cause.value, reason):
                peer.listener.closed(cause, reason)

    def close_if_deserted(self) -> None:
        """Close the room, with its broadcasters, when no client is attached or about to be."""
        if not (self.closed or self.expected or any(peer.keeps_room for peer in self.peers.values())):
            self._shut(DESERTED, "nobody is left")

    def _shut(self, cause: str, reason: str) -> list[Peer]:
        """Close the room and return the peers that were in it."""
        peers, self.peers = list(self.peers.values()), {}
        for peer in peers:
            peer.closed = True
            self._report_end(peer, cause, reason)
        self.closed = True
        taps, self.taps = self.taps, {}
        for tap in taps:
            tap.closed = True
        self.branches.close()
        self.pipes.close()
        self.books.close()
        self.log.info("room closed (%s): %s", cause, reason)
        if self._announced:
            self.observer.room_closed(self.id, self.home.worker_id, cause, reason)
        self._on_closed(self)
        for on_end in taps.values():
            on_end(cause, reason)
        return peers
