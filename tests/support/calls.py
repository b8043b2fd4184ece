"""Putting peers into rooms, for tests of the rules of a call."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from mediad.rooms.background import Background
from mediad.rooms.branch import Branch
from mediad.rooms.entities import Peer, new_peer
from mediad.rooms.grants import ALL, Grants
from mediad.rooms.limits import RoomLimits
from mediad.rooms.listener import Device
from mediad.rooms.registry import RoomRegistry
from mediad.rooms.reply import Reply
from mediad.rooms.seat import Seat
from mediad.rooms.spread import Spread, SpreadRules
from tests.support.bookkeeping_worker import BookkeepingWorker
from tests.support.bookkeeping_workers import Workers
from tests.support.listeners import RecordingListener

T = TypeVar("T")


def told(reply: Reply[T]) -> T:
    """Deliver a reply; the answer in it."""
    answers: list[T] = []
    reply.deliver(answers.append)
    return answers[0]


def stranger(peer_id: str) -> Peer:
    """Make a peer that is in no room."""
    branch = Branch(BookkeepingWorker(), Background())
    log = logging.LoggerAdapter(logging.getLogger("test"), {})
    return new_peer(peer_id, branch, RecordingListener(), log)


class Call:
    """A registry over bookkeeping workers, and the peers a test has put into it."""

    def __init__(self, workers: int = 1, **options: Any) -> None:
        self.placement = Workers(workers)
        self.registry = RoomRegistry(self.placement, **options)

    @property
    def worker(self) -> BookkeepingWorker:
        return self.placement.workers[0]

    async def connect(
        self,
        peer_id: str,
        room_id: str = "room",
        listener: RecordingListener | None = None,
        consumer_replicas: int = 0,
        address: str | None = None,
        grants: Grants = ALL,
    ) -> Guest:
        listener = listener or RecordingListener()
        seat = await self.registry.connect(
            room_id, peer_id, listener, consumer_replicas=consumer_replicas, address=address, grants=grants
        )
        return Guest(seat, listener)

    async def member(self, peer_id: str, **options: Any) -> Guest:
        """Connected, with a transport for each direction, and joined."""
        guest = await self.connect(peer_id, **options)
        await guest.make_transports()
        guest.join()
        return guest

    async def talker(self, peer_id: str, **options: Any) -> Guest:
        """Make a member that takes data channels."""
        guest = await self.connect(peer_id, **options)
        await guest.make_transports(enable_sctp=True)
        guest.join(takes_data=True)
        return guest

    def homes(self) -> dict[str, int]:
        """The worker of each room."""
        return {room["roomId"]: room["workerId"] for room in self.registry.summaries()}

    async def settle(self) -> None:
        """Let everything run that can."""
        for _ in range(50):
            await asyncio.sleep(0)


class Guest:
    """A seat and its listener, with the steps every client takes."""

    def __init__(self, seat: Seat, listener: RecordingListener) -> None:
        self.seat = seat
        self.listener = listener
        self.sending = ""
        self.receiving = ""
        self.others: list[str] = []
        """The peers who were there when this one joined."""

    async def make_transports(self, *, enable_sctp: bool = False) -> None:
        create = functools.partial(self.seat.transports.create, force_tcp=False, enable_sctp=enable_sctp)
        self.sending = told(await create(consuming=False)).id
        self.receiving = told(await create(consuming=True)).id

    def join(self, *, receives: bool = True, takes_data: bool = False) -> list[str]:
        """Join and be announced, without anything in between; returns the ids of the others."""
        capabilities = self.seat.room.capabilities.to_wire() if receives else None
        name = self.seat.peer.id.capitalize()
        device = Device("chrome", "Chrome", "141")
        others = told(self.seat.join(name, device, capabilities, takes_data=takes_data))
        self.others = [other.id for other in others]
        return self.others

    async def produce(self, kind: str, parameters: dict[str, Any], **app_data: Any) -> str:
        """Produce and announce; returns the producer's id."""
        return told(await self.seat.producing.produce(self.sending, kind, parameters, app_data)).id

    async def produce_data(self, label: str = "chat", stream_id: int = 0, **limits: Any) -> str:
        """Produce data and announce it; returns the data producer's id."""
        stream = {"streamId": stream_id, **limits}
        producing = self.seat.data.produce(self.sending, stream, label, "", {"channel": label})
        return told(await producing).id

    def disconnect(self) -> None:
        self.listener.disconnect()
        self.seat.leave()


def run(scenario: Callable[[Call], Coroutine[Any, Any, None]], **options: Any) -> None:
    """Play `scenario` in a call made with `options`, on a loop of its own."""

    async def main() -> None:
        await scenario(Call(**options))

    asyncio.run(main())


def run_spread(
    scenario: Callable[[Call], Coroutine[Any, Any, None]], workers: int = 2, spread: Spread | None = None
) -> None:
    """Play `scenario` in a call over several workers, whose rooms are on as many as `spread` says, or all."""
    rules = SpreadRules(workers if spread is None else spread)
    run(scenario, workers=workers, limits=RoomLimits(spread=rules))


async def apart(call: Call) -> tuple[Guest, Guest, BookkeepingWorker, BookkeepingWorker]:
    """Make Ana on worker 0 and Ben on worker 1, who take data; they come with these workers."""
    ana, ben = await call.talker("ana"), await call.talker("ben")
    here, there = call.placement.workers[:2]
    assert [guest.seat.peer.branch.worker_id for guest in (ana, ben)] == [0, 1]
    await call.settle()
    return ana, ben, here, there
