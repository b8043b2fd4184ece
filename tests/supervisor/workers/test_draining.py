"""Draining a node and a worker: what ends by itself, what is sent away, and how it is undone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest

from mediad.config.settings import Settings
from mediad.errors import InvalidState, NotFound, Unavailable
from mediad.supervisor.workers import draining
from mediad.supervisor.workers.draining import NODE, Drains
from mediad.supervisor.workers.pool import WorkerPool
from tests.support.loops import on_loop, until
from tests.support.placed_rooms import PlacedRooms
from tests.support.workers import tiny


@asynccontextmanager
async def node(workers: int = 2) -> AsyncIterator[tuple[Drains, PlacedRooms, WorkerPool]]:
    pool = WorkerPool(Settings(workers=workers), lambda worker_id: None, tiny())
    await pool.start()
    rooms = PlacedRooms(pool)
    try:
        yield Drains(pool, rooms), rooms, pool
    finally:
        await pool.stop()


async def seen(drains: Drains, scope: int | None) -> list[dict[str, Any]]:
    return [progress async for progress in drains.watch(scope)]


@on_loop
async def test_rooms_may_end_by_themselves() -> None:
    async with node() as (drains, rooms, _):
        rooms.open("a", "b")
        drains.start(NODE)
        watching = asyncio.create_task(seen(drains, NODE))
        with pytest.raises(Unavailable, match="draining"):
            rooms.open("c")
        rooms.end("a")
        await asyncio.sleep(0)
        rooms.end("b")
        await drains.wait(NODE)
        first, last = await watching
        assert (first["state"], first["rooms"], first["peers"], first["remainingS"]) == (
            "draining",
            1,
            3,
            None,
        )
        assert first["note"] == "1 room with 3 peers left"
        assert (last["state"], last["done"], last["total"]) == ("drained", 2, 2)
        assert (rooms.closed, rooms.moved) == ([], [])


@on_loop
async def test_at_the_deadline_a_nodes_rooms_are_closed() -> None:
    async with node() as (drains, rooms, _):
        rooms.open("a", "b")
        drains.start(NODE, deadline_s=0.05)
        assert (await seen(drains, NODE))[-1]["state"] == "drained"
        assert sorted(rooms.closed) == ["a", "b"]


@on_loop
async def test_at_the_deadline_a_workers_rooms_move_and_others_stay() -> None:
    async with node() as (drains, rooms, pool):
        rooms.open("a", "b", "c")
        drains.start(0, deadline_s=0.05)
        rooms.open("d")
        assert rooms.homes["d"] == 1
        await drains.wait(0)
        assert sorted(rooms.moved) == ["a", "c"]
        assert set(rooms.homes.values()) == {1}
        assert not pool.workers[0].rooms


@on_loop
async def test_moving_does_not_wait() -> None:
    async with node() as (drains, rooms, _):
        rooms.open("a", "b", "c")
        drains.start(1, move=True)
        await drains.wait(1)
        assert rooms.moved == ["b"]
        drains.start(NODE, move=True)
        await drains.wait(NODE)
        assert sorted(rooms.closed) == ["a", "b", "c"]


@on_loop
async def test_undone_it_takes_rooms_again_and_sends_nobody_away() -> None:
    async with node() as (drains, rooms, pool):
        rooms.open("a")
        drains.start(NODE, deadline_s=600)
        drains.start(0, deadline_s=600)
        drains.start(1, deadline_s=600)
        watching = asyncio.create_task(seen(drains, NODE))
        await asyncio.sleep(0)
        drains.cancel(NODE)
        assert (await watching)[-1]["state"] == "undone"
        assert not pool.draining
        assert not any(worker.draining for worker in pool.workers)
        rooms.open("b", "c")
        assert rooms.closed == rooms.moved == []
        drains.cancel(0)  # does no harm
        await drains.wait(0)


@on_loop
async def test_asked_again_the_new_deadline_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draining, "PROGRESS_INTERVAL_S", 0.01)
    async with node(1) as (drains, rooms, _):
        rooms.open("a")
        drains.start(NODE, deadline_s=600)
        async with aclosing(drains.watch(NODE)) as watching:
            assert (await anext(watching))["remainingS"] > 500
            drains.start(NODE)
            while (await anext(watching))["remainingS"] is not None:
                pass
            drains.start(NODE, deadline_s=0)
            assert [progress["state"] async for progress in watching][-1] == "drained"
        assert rooms.closed == ["a"]


@on_loop
async def test_a_drain_needs_no_watcher() -> None:
    async with node(1) as (drains, rooms, _):
        rooms.open("a")
        drains.start(NODE, deadline_s=0.05)
        async with aclosing(drains.watch(NODE)) as watching:
            await anext(watching)
        await until(lambda: rooms.closed)


@on_loop
async def test_a_room_nobody_knows_does_not_hold_it_up() -> None:
    async with node(1) as (drains, _, pool):
        pool.place("forgotten")
        drains.start(NODE, deadline_s=0)
        await drains.wait(NODE)
        assert not pool.workers[0].rooms


@on_loop
async def test_what_cannot_be() -> None:
    async with node() as (drains, _, pool):
        for worker_id in (-1, 2):
            with pytest.raises(NotFound, match=f"there is no worker {worker_id}, they are 0 to 1"):
                drains.start(worker_id)
        assert (await seen(drains, 1))[0]["state"] == "undone"
        drains.stopping = True
        drains.start(NODE)
        with pytest.raises(InvalidState, match="stopping"):
            drains.cancel(NODE)
        assert pool.draining
