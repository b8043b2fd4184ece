"""Requests of mediactl about draining reach the code that drains."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from mediad.config.settings import Settings
from mediad.errors import InvalidInput, InvalidState, NotFound
from mediad.supervisor.admin import drain_methods
from mediad.supervisor.admin.methods import AdminMethods
from mediad.supervisor.workers.draining import Drains
from mediad.supervisor.workers.pool import WorkerPool
from mediad.supervisor.workers.rolling import Rolling
from tests.support.loops import on_loop
from tests.support.placed_rooms import PlacedRooms
from tests.support.workers import tiny


class Node:
    def __init__(self) -> None:
        self.pool = WorkerPool(Settings(workers=2), lambda worker_id: None, tiny())
        self.rooms = PlacedRooms(self.pool)
        drains = Drains(self.pool, self.rooms)
        self.methods = AdminMethods(drain_methods.table(drains, Rolling(self.pool, drains)))

    async def stream(self, method: str, **data: Any) -> list[dict[str, Any]]:
        answer = self.methods.call(method, data)
        assert isinstance(answer, AsyncGenerator)
        return [item async for item in answer]

    async def ask(self, method: str, **data: Any) -> dict[str, Any]:
        answer = self.methods.call(method, data)
        assert not isinstance(answer, AsyncGenerator)
        return await answer


@asynccontextmanager
async def node() -> AsyncIterator[Node]:
    node = Node()
    await node.pool.start()
    try:
        yield node
    finally:
        await node.pool.stop()


@on_loop
async def test_drain_and_undrain() -> None:
    async with node() as it:
        it.rooms.open("a", "b")
        assert [item["state"] for item in await it.stream("drain", wait=False)] == ["draining"]
        assert it.pool.draining
        assert (await it.stream("drain", deadlineS=0))[-1]["state"] == "drained"
        assert sorted(it.rooms.closed) == ["a", "b"]
        assert await it.ask("undrain") == {"workerId": None}
        it.rooms.open("a")
        [*_, last] = await it.stream("drain", workerId=0, move=True)
        assert (last["workerId"], last["state"], it.rooms.moved) == (0, "drained", ["a"])
        await it.ask("undrain", workerId=0)
        assert not it.pool.workers[0].draining


@on_loop
async def test_one_worker_of_a_node_that_drains_cannot_be_undrained() -> None:
    async with node() as it:
        await it.stream("drain")
        with pytest.raises(InvalidState, match=r"end that with: mediactl undrain$"):
            await it.ask("undrain", workerId=0)
        assert it.pool.draining


@on_loop
async def test_restart() -> None:
    async with node() as it:
        pids = [worker.pid for worker in it.pool.workers]
        [*_, last] = await it.stream("worker.restart", workerId=1)
        assert (last["workerId"], last["pid"], last["done"]) == (1, it.pool.workers[1].pid, 1)
        assert it.pool.workers[0].pid == pids[0]
        await it.stream("worker.restart", all=True, deadlineS=1)
        assert not set(pids) & {worker.pid for worker in it.pool.workers}


@pytest.mark.parametrize(
    ("method", "data", "kind"),
    [
        ("drain", {"deadlineS": -1}, InvalidInput),
        ("drain", {"workerId": "one"}, InvalidInput),
        ("drain", {"workerId": 7}, NotFound),
        ("worker.restart", {}, InvalidInput),
        ("worker.restart", {"workerId": 7}, NotFound),
    ],
)
@on_loop
async def test_what_makes_no_sense(method: str, data: dict[str, Any], kind: type[Exception]) -> None:
    async with node() as it:
        with pytest.raises(kind):
            await it.stream(method, **data)
        assert not it.pool.draining
