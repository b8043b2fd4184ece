"""Restarting workers one by one: rooms leave first, the others serve, and nothing stays half done."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from mediad.config.settings import Settings
from mediad.errors import InvalidInput, InvalidState, MediadError, NotFound
from mediad.supervisor.workers.draining import Drains
from mediad.supervisor.workers.pool import WorkerPool
from mediad.supervisor.workers.rolling import Rolling
from tests.support.loops import on_loop, until
from tests.support.placed_rooms import PlacedRooms
from tests.support.workers import tiny


class Node:
    """A pool with rooms on it."""

    def __init__(self, mode: str) -> None:
        self.told: list[int] = []
        self.pool = WorkerPool(Settings(workers=3), self.told.append, tiny(mode))
        self.rooms = PlacedRooms(self.pool)
        self.drains = Drains(self.pool, self.rooms)
        self.changed: str | None = None
        self.rolling = Rolling(self.pool, self.drains, lambda: self.changed)

    async def restart(self, worker_id: int | None = None, *, deadline_s: float = 0.0) -> list[str]:
        workers = self.rolling.chosen(worker_id, every=worker_id is None)
        steps = self.rolling.restart(workers, deadline_s=deadline_s, move=False)
        return [step["note"] async for step in steps]

    def pids(self) -> list[int | None]:
        return [worker.pid for worker in self.pool.workers]


@asynccontextmanager
async def node(mode: str = "ready") -> AsyncIterator[Node]:
    node = Node(mode)
    await node.pool.start()
    try:
        yield node
    finally:
        await node.pool.stop()


@on_loop
async def test_one_is_replaced_and_its_rooms_are_elsewhere() -> None:
    async with node() as it:
        it.rooms.open("a", "b", "c", "d")
        before = it.pids()
        notes = await it.restart(0)
        assert notes[-2:] == ["worker 0: starting", "worker 0: restarted"]
        after = it.pids()
        assert [old == new for old, new in zip(before, after, strict=True)] == [False, True, True]
        assert sorted(it.rooms.moved) == ["a", "d"]
        assert 0 not in it.rooms.homes.values()
        it.rooms.open("e")
        assert it.rooms.homes["e"] == 0


@on_loop
async def test_all_are_replaced_one_after_another() -> None:
    async with node() as it:
        it.rooms.open("a", "b", "c")
        before = it.pids()
        await it.restart()
        assert not set(before) & set(it.pids())
        assert it.told == [0, 1, 2]
        assert sorted(it.rooms.homes) == ["a", "b", "c"]
        assert it.rooms.closed == []
        assert not any(worker.draining for worker in it.pool.workers)


@on_loop
async def test_given_up_half_way_the_worker_serves_on() -> None:
    async with node() as it:
        it.rooms.open("a")
        before = it.pids()
        steps = it.rolling.restart(it.rolling.chosen(0, every=False), deadline_s=600, move=False)
        async with aclosing(steps):
            await anext(steps)
            assert it.pool.workers[0].draining
            with pytest.raises(InvalidState, match="already"):
                await it.restart(1)
        assert not it.pool.workers[0].draining
        assert it.pids() == before
        assert await it.restart(1)


@on_loop
async def test_undrained_meanwhile_it_is_not_restarted() -> None:
    async with node() as it:
        it.rooms.open("a")
        before = it.pids()
        restarting = asyncio.create_task(it.restart(0, deadline_s=600))
        await until(lambda: it.pool.workers[0].draining)
        it.drains.cancel(0)
        with pytest.raises(MediadError, match="worker 0 was undrained, and not restarted"):
            await restarting
        assert it.pids() == before


@on_loop
async def test_it_goes_no_further_when_a_new_one_does_not_start(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    async with node(f"crash-if:{broken}") as it:
        before = it.pids()
        broken.touch()
        with pytest.raises(MediadError, match="worker 0 could not start"):
            await it.restart()
        assert it.pids()[1:] == before[1:]
        broken.unlink()
        await until(lambda: it.pool.workers[0].pid)


@on_loop
async def test_who_is_meant() -> None:
    async with node() as it:
        assert [worker.worker_id for worker in it.rolling.chosen(None, every=True)] == [0, 1, 2]
        for worker_id, every in ((None, False), (1, True)):
            with pytest.raises(InvalidInput):
                it.rolling.chosen(worker_id, every=every)
        for worker_id in (-1, 3):
            with pytest.raises(NotFound, match="they are 0 to 2"):
                it.rolling.chosen(worker_id, every=False)


@on_loop
async def test_a_new_worker_that_would_not_fit_is_not_started() -> None:
    async with node() as it:
        it.rooms.open("a")
        before = it.pids()
        it.changed = "mediad 0.2.0 is installed"
        with pytest.raises(InvalidState, match=r"mediad 0\.2\.0 is installed"):
            await it.restart(0)
        assert (it.pids(), it.rooms.moved) == (before, [])
        assert not it.pool.workers[0].draining
