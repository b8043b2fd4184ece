"""RoomRegistry: every room of this node by its id, opened by its first peer and forgotten when it closes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from mediad.budgets.holders import Holders, holders_at
from mediad.errors import Full, InvalidState, NotFound, Unavailable, WorkerDied
from mediad.ortc.capabilities import DEFAULT_MEDIA_CODECS
from mediad.ortc.negotiation import router_capabilities
from mediad.ortc.parameters import CodecCapability
from mediad.rooms import events, offers
from mediad.rooms.asker import set_asker
from mediad.rooms.background import Background
from mediad.rooms.branch import Branch
from mediad.rooms.branches import Branches, Ground
from mediad.rooms.census import Census
from mediad.rooms.grants import ALL, Grants
from mediad.rooms.limits import RoomLimits
from mediad.rooms.listener import CloseCause, PeerListener
from mediad.rooms.media_worker import Placement
from mediad.rooms.observer import RoomObserver
from mediad.rooms.options import OnOptions, RoomOptions
from mediad.rooms.room import Room
from mediad.rooms.seat import Seat
from mediad.rooms.stock import Claims, Refusal, Stocks, holder_at
from mediad.words import plural

_RETRY_S = 0.05
_RETRIES = 40
"""The number of times that a client waits for a worker to be ready.

When all workers have died at once, the first is ready again in less than a second, while clients that were
refused would wait for a second or more before they try again.
"""


class _NoWorkerYet(Exception):
    """Error: there is no worker now, but another attempt may find one."""


@dataclass(frozen=True, slots=True)
class _NewPeer:
    """A client that wants to enter a room."""

    room_id: str
    peer_id: str
    listener: PeerListener
    consumer_replicas: int
    address: str | None
    options: RoomOptions
    grants: Grants
    holders: Holders
    """The holders that are charged for it: its address, and its token."""


class RoomRegistry:
    """The rooms of one node."""

    def __init__(
        self,
        placement: Placement,
        media_codecs: Iterable[dict[str, Any]] | None = None,
        limits: RoomLimits | None = None,
        observer: RoomObserver | None = None,
        stocks: Stocks | None = None,
    ) -> None:
        """Prepare the registry; `media_codecs` are the RTP codec capabilities of every room.

        None is the built-in list. Raises Unsupported or InvalidInput for a codec that no room can offer.
        """
        self._placement = placement
        self._capabilities = router_capabilities(_codecs(media_codecs))
        self.limits = limits or RoomLimits()
        """The limits in force; `set_limits` changes them."""
        self.observer = observer or RoomObserver()
        """The observer of every room."""
        self.stocks = stocks or Stocks()
        """The tables of all workers."""
        self.stocks.on_refused = self._share_refused
        self.on_options: OnOptions = lambda room_id, options: None
        """Called when a client with options has taken its seat."""
        self._rooms: dict[str, Room] = {}
        self.census = Census()
        """The numbers of rooms and peers, of each address and token too."""
        self._expected = 0
        self._background = Background()
        self._ground = Ground(placement, self.stocks, self._background)

    async def connect(
        self,
        room_id: str,
        peer_id: str,
        listener: PeerListener,
        *,
        consumer_replicas: int = 0,
        address: str | None = None,
        options: RoomOptions | None = None,
        grants: Grants = ALL,
        token: str | None = None,
    ) -> Seat:
        """Return a seat for a client, in the room of that id, which is opened when there is none.

        The client gets every consumer `1 + consumer_replicas` times, as far as the limits allow; `options`
        are what its `token` says about the room, `grants` what it says about the client. Raises Unavailable
        when no worker can take a room now, OverLimit when a limit is reached, Full when the share of
        `address` is used up, or the worker's error when it cannot make a room.
        """
        set_asker(room_id, peer_id)
        with self.observer.connecting(room_id, peer_id):
            wishes, holders = options or RoomOptions(), holders_at(address, token)
            self.census.charge_join(self.limits, holders)
            new = _NewPeer(room_id, peer_id, listener, consumer_replicas, address, wishes, grants, holders)
            seat = await self._connect(new)
        if options is not None:
            if not seat.room.ceilings.limit(peer_id, ALL).record:
                options = replace(options, record=False, record_format=None)
            self.on_options(room_id, options)
        return seat

    async def _connect(self, new: _NewPeer) -> Seat:
        retries = _RETRIES
        while True:
            try:
                return await self._try_to_connect(new)
            except _NoWorkerYet as error:
                if retries == 0 or self._placement.draining:
                    raise Unavailable(str(error)) from None
                retries -= 1
                await asyncio.sleep(_RETRY_S)

    async def _try_to_connect(self, new: _NewPeer) -> Seat:
        self._require_capacity(new.room_id, new.peer_id, new.holders)
        room = self._rooms.get(new.room_id) or self._open(new)
        room.expected += 1
        self._expected += 1
        try:
            await room.opened()
            async with room.place(new.peer_id) as branch:
                if room.closed or branch.closed:
                    raise _NoWorkerYet("the room was closed while it was opened")
                seat = Seat(
                    room,
                    new.peer_id,
                    new.listener,
                    new.consumer_replicas,
                    new.address,
                    branch=branch,
                    grants=new.grants,
                )
                return self._counted(seat, new.holders)
        except (WorkerDied, InvalidState) as error:
            raise _NoWorkerYet(str(error)) from None
        finally:
            room.expected -= 1
            self._expected -= 1
            room.close_if_deserted()

    async def enter(
        self,
        room_id: str,
        peer_id: str,
        listener: PeerListener,
        *,
        address: str | None = None,
        grants: Grants = ALL,
    ) -> Seat:
        """Return a seat for a broadcaster, a peer without a connection, in a room that is open.

        `grants` are those of its token. It keeps no room open. Raises NotFound without the room, InvalidState
        when it replaces the last client there, else like `connect`.
        """
        set_asker(room_id, peer_id)
        room = self.room(room_id)
        holders = holders_at(address)
        self.census.charge_join(self.limits, holders)
        await room.opened()
        async with room.place(peer_id) as branch:
            if room.closed or branch.closed:
                raise Unavailable("the room was closed while it was opened")
            self._require_capacity(room_id, peer_id, holders)
            seat = Seat(
                room, peer_id, listener, address=address, branch=branch, keeps_room=False, grants=grants
            )
            self._counted(seat, holders)
        room.close_if_deserted()
        if room.closed:
            raise InvalidState(
                "the broadcaster has replaced the last client of the room, which is closed now"
            )
        return seat

    def _require_capacity(self, room_id: str, peer_id: str, holders: Holders) -> None:
        """Raise OverLimit when a limit is reached. One that replaces an older connection passes."""
        room, limits = self._rooms.get(room_id), self.limits
        if room is None:
            self.census.require_room(limits, len(self._rooms), holders)
        elif peer_id in room.peers:
            return
        peers = self.census.peers + self._expected
        self.census.require_peer(limits, peers, _heads(room) if room else 0, holders)

    def _counted(self, seat: Seat, holders: Holders) -> Seat:
        seat.peer.claim = Claims(seat.peer.claim, self.census.count_peer(holders))
        seat.peer.holders = holders
        return seat

    def set_limits(self, limits: RoomLimits) -> None:
        """Use new limits from now on, in open rooms too. No peer that is connected has to leave."""
        self.limits = limits
        for room in self._rooms.values():
            room.limits = limits
            room.expiries.review()

    def worker_died(self, worker_id: int) -> None:
        """Close what rooms have on this worker; those clients connect again, and are served by another."""
        for room in list(self._rooms.values()):
            room.worker_died(worker_id)

    def close_room(self, room_id: str, reason: str) -> None:
        """Close a room; its clients connect again where they can. Raises NotFound."""
        self.room(room_id).close(CloseCause.DRAINED, reason)

    def relieve(self, worker_id: int) -> None:
        """Send away the room with the most objects on this worker, which is short of memory.

        Its clients there connect again, on another worker if there is one.
        """
        there = [(room, branch) for room in self._rooms.values() if (branch := room.branches.on(worker_id))]
        if not there:
            return
        room, branch = max(there, key=lambda entry: entry[0].books.count_on(entry[1]))
        room.log.warning(
            "closed on worker %d, because it is short of memory and this room has the most objects there: "
            "%s of %s, %s and %s; its clients there connect again",
            worker_id,
            room.books.count_on(branch),
            plural(len(room.books.transports), "transport"),
            plural(len(room.books.producers), "producer"),
            plural(len(room.books.consumers), "consumer"),
        )
        self._move(room, branch, "the worker is out of memory, and this room uses most of it")

    def move_room(self, room_id: str, worker_id: int | None = None) -> None:
        """Send away the peers of a room on this worker, None for its home: they connect again elsewhere.

        Raises NotFound without the room, or when it has nothing there.
        """
        room = self.room(room_id)
        branch = room.home if worker_id is None else room.branches.on(worker_id)
        if branch is None:
            raise NotFound(f'room with id "{room_id[:100]}" is not on worker {worker_id}')
        self._move(room, branch, "the room moves to another worker")

    def _move(self, room: Room, branch: Branch, reason: str) -> None:
        self._placement.displace(room.id, branch.worker_id)
        room.send_away(branch, CloseCause.DRAINED, reason)

    async def close(self, reason: str = "server is stopping") -> None:
        """Close every room, and wait until all background work has ended."""
        for room in list(self._rooms.values()):
            room.close(CloseCause.DRAINED, reason)
        await self._background.settled()

    # -- inspection ----------------------------------------------------------------------------------------

    @property
    def draining(self) -> bool:
        """True when no room will be opened any more."""
        return self._placement.draining

    @property
    def room_count(self) -> int:
        return len(self._rooms)

    @property
    def peer_count(self) -> int:
        return sum(len(room.peers) for room in self._rooms.values())

    def rooms(self) -> list[Room]:
        """Return every open room, oldest first."""
        return list(self._rooms.values())

    def room(self, room_id: str) -> Room:
        """Return the room of this id. Raises NotFound when there is none."""
        room = self._rooms.get(room_id)
        if room is None:
            raise NotFound(f'room with id "{room_id[:100]}" not found')
        return room

    def summaries(self) -> list[dict[str, Any]]:
        """Return each room's roomId, workerId (of home), and numbers of peers, producers and consumers.

        `branches` has the number of peers on each of its workers.
        """
        return [
            {
                "roomId": room.id,
                "workerId": room.home.worker_id,
                "peers": len(room.peers),
                "producers": len(room.books.producers),
                "consumers": len(room.books.consumers),
                "branches": _branches(room),
            }
            for room in self._rooms.values()
        ]

    # -- rooms come and go ---------------------------------------------------------------------------------

    def _open(self, new: _NewPeer) -> Room:
        room_id = new.room_id
        try:
            home = self._ground.first(room_id, holder_at(new.address))
        except Full:
            raise
        except Unavailable as error:
            raise _NoWorkerYet(str(error)) from None
        room = self._rooms[room_id] = Room(
            room_id,
            Branches(room_id, home, self._ground),
            self._capabilities,
            self.limits,
            self._background,
            make_offers=offers.make,
            on_event=events.receive,
            on_closed=self._forget,
            observer=self.observer,
        )
        self.census.room_opened(room_id, new.holders)
        room.spread = new.options.spread_of(self.limits.spread.spread)
        return room

    def _share_refused(self, worker_id: int, refusal: Refusal) -> None:
        self.limits.budgets.refused["worker_shares"] += 1
        self.observer.share_refused(worker_id, refusal.table, refusal.kind, refusal.name, refusal.reason)

    def _forget(self, room: Room) -> None:
        del self._rooms[room.id]
        self.census.room_closed(room.id)
        self._placement.release(room.id)


def _heads(room: Room) -> int:
    """Return the number of clients that are connected or about to be."""
    return len(room.peers) + room.expected


def _branches(room: Room) -> list[dict[str, int]]:
    heads = room.heads()
    return [{"workerId": branch.worker_id, "peers": heads[branch]} for branch in room.branches]


def _codecs(settings: Iterable[dict[str, Any]] | None) -> Iterable[CodecCapability]:
    if settings is None:
        return DEFAULT_MEDIA_CODECS
    return [
        CodecCapability.from_wire(codec, f"media_codecs[{index}]") for index, codec in enumerate(settings)
    ]
