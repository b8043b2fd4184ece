"""Requests of rooms over the link: in turn, never refused, and sent only while they are wanted."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial

import pytest

from mediad.errors import (
    EnvelopeError,
    InvalidState,
    Unavailable,
    WorkerDied,
)
from mediad.pipe.messages import Done, Request
from mediad.pipe.worker_requests import GetWorkerStats
from mediad.pipe.worker_stats import WorkerStats
from mediad.protocols import envelope
from mediad.protocols.envelope import Response
from mediad.supervisor.workers import link as worker_link
from tests.support.far_end import FarEnd, far_end
from tests.support.loops import on_loop, raises, turns
from tests.support.tiny_requests import Blob, Echo, Number


class RoomAsks(Request[Number]):
    """A room's request, with its number."""

    row = "room.ask"

    room: str
    n: int


def asks(far: FarEnd, room: str, *numbers: int) -> list[asyncio.Task[Number]]:
    """A room's requests, each with its number."""
    return [
        asyncio.create_task(far.link.request_for(room, RoomAsks, partial(RoomAsks, room, number)))
        for number in numbers
    ]


async def serve(far: FarEnd, answers: int) -> list[str]:
    """Answer so many requests, in the order they come; what they were."""
    names = []
    for position in range(answers):
        request = (await far.heard(position + 1))[position]
        assert isinstance(request, envelope.Request)
        names.append("{room}{n}".format(**request.data) if request.data else request.method)
        far.say(Response(request.id, True, request.data))
    return names


@on_loop
async def test_a_crowd_is_never_refused_and_delays_nobody_else() -> None:
    async with far_end() as far:
        crowd = asks(far, "crowd", *range(2000))
        await far.heard(worker_link.ROOM_WINDOW)
        pong = far.link.ping()
        own = asyncio.create_task(far.link.request(GetWorkerStats()))
        quiet = asks(far, "quiet", 0)
        await far.heard(worker_link.ROOM_WINDOW + 3)
        names = await serve(far, worker_link.ROOM_WINDOW + 3)
        assert names == [
            *(f"crowd{n}" for n in range(worker_link.ROOM_WINDOW)),
            *("worker.ping", "worker.stats", "quiet0"),
        ], "the ping, the server's own and the other room wait for nothing of it"
        assert await pong == Done()
        assert await own == WorkerStats()
        assert await quiet[0] == Number(0)
        assert not any(task.done() and task.exception() for task in crowd)
        names = await serve(far, 2000 + 3)
        assert [name for name in names if name.startswith("crowd")] == [f"crowd{n}" for n in range(2000)]
        assert [await task for task in crowd] == [Number(n) for n in range(2000)]


@on_loop
async def test_many_crowds_share_one_window(monkeypatch: pytest.MonkeyPatch) -> None:
    async with far_end() as far:
        rooms = [f"r{n}" for n in range(worker_link.WINDOW)]
        tasks = [task for room in rooms for task in asks(far, room, *range(20))]
        await turns()
        assert len(await far.heard(worker_link.WINDOW)) == worker_link.WINDOW
        far.link.close()
        for task in tasks:
            await raises(WorkerDied, task)


@on_loop
async def test_what_was_closed_before_its_turn_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    async with far_end() as far:
        before = asks(far, "room", *range(worker_link.ROOM_WINDOW))
        gone = False
        asking = asyncio.create_task(
            far.link.request_for("room", RoomAsks, lambda: None if gone else RoomAsks("room", 99))
        )
        cancelled, after = asks(far, "room", 100, 101)
        await far.heard(worker_link.ROOM_WINDOW)
        gone = True
        cancelled.cancel()
        await serve(far, worker_link.ROOM_WINDOW + 1)
        assert await raises(InvalidState, asking) == "room.ask is for something that was closed meanwhile"
        assert await after == Number(101)
        assert len(far.received) == len(before) + 1


@on_loop
async def test_the_time_for_an_answer_begins_when_it_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_link, "REQUEST_TIMEOUT_S", 0.1)
    async with far_end() as far:
        first = asks(far, "room", *range(worker_link.ROOM_WINDOW))
        waiting = asks(far, "room", 100)[0]
        for task in first:
            assert "did not answer room.ask within 0.1 s" in await raises(Unavailable, task)
        await far.heard(worker_link.ROOM_WINDOW + 1)
        late = far.received[-1]
        assert isinstance(late, envelope.Request)
        far.say(Response(late.id, True, {"n": 100}))
        assert await waiting == Number(100), "its own time had hardly begun"


@on_loop
async def test_one_that_gives_up_makes_room_for_the_next() -> None:
    async with far_end() as far:
        first = asks(far, "room", *range(worker_link.ROOM_WINDOW))
        await far.heard(worker_link.ROOM_WINDOW)
        asks(far, "room", 100)
        first[3].cancel()
        assert len(await far.heard(worker_link.ROOM_WINDOW + 1)) == worker_link.ROOM_WINDOW + 1


@on_loop
async def test_a_worker_that_does_not_read_keeps_everybody_waiting_but_refuses_nobody() -> None:
    async with far_end() as far:
        big = "x" * 100_000
        tasks = [
            asyncio.create_task(far.link.request_for(f"room {n}", Blob, lambda: Blob(big))) for n in range(40)
        ]
        await turns()
        assert not any(task.done() for task in tasks)
        assert far.link.sent_bytes < 400_000, "the others stay where they can still be taken back"
        for number in range(40):
            request = (await far.heard(number + 1))[number]
            assert isinstance(request, envelope.Request)
            far.say(Response(request.id, True, {}))
        assert [await task for task in tasks] == [Done()] * 40


@on_loop
async def test_the_end_of_the_worker_ends_all_waiting_at_once() -> None:
    async with far_end() as far:
        tasks = asks(far, "crowd", *range(1000))
        await far.heard(worker_link.ROOM_WINDOW)
        far.die()
        for task in tasks:
            assert await raises(WorkerDied, task) == "worker 3 died"
        assert await raises(WorkerDied, far.link.request_for("crowd", Echo, Echo)) == "worker 3 is gone"


@on_loop
async def test_what_cannot_be_said_is_its_askers_trouble_alone() -> None:
    async with far_end() as far:
        asking = far.link.request_for("room", Blob, lambda: Blob("x" * 5_000_000))
        assert "exceeds" in await raises(EnvelopeError, asking)
        for _ in range(worker_link.ROOM_WINDOW):
            with suppress(EnvelopeError):
                await far.link.request_for("room", Blob, lambda: Blob(object()))
        (well,) = asks(far, "room", 1)
        assert await serve(far, 1) == ["room1"]
        assert await well == Number(1)
