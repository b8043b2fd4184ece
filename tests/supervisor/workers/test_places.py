"""Rooms over the workers of a pool: where they are placed, drained and moved, and by which figures."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from mediad.errors import Unavailable
from mediad.supervisor.workers import places
from mediad.supervisor.workers import pool as worker_pool
from tests.support.loops import on_loop, until
from tests.support.pools import running
from tests.support.tiny_requests import Spin


@on_loop
async def test_rooms_spread_and_releases_count() -> None:
    async with running() as pool:
        assert [pool.place(f"r{n}").worker_id for n in range(4)] == [0, 1, 0, 1]
        pool.release("r1")
        pool.release("r1")
        pool.release("never placed")
        assert pool.place("r4").worker_id == 1
        pool.place("r4")
        assert sum(len(worker.rooms) for worker in pool.workers) == 4


@on_loop
async def test_a_draining_pool_takes_no_room() -> None:
    async with running(workers=1) as pool:
        pool.draining = True
        with pytest.raises(Unavailable, match="draining"):
            pool.place("a")


@on_loop
async def test_cpu_and_memory_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_pool, "CPU_SAMPLE_INTERVAL_S", 0.1)
    async with running() as pool:
        spinning = asyncio.create_task(pool.place("a").request(Spin(1.5)))
        await until(lambda: pool.workers[0].cpu > 0.15)
        assert pool.workers[0].rss_bytes > 1_000_000
        await spinning


@on_loop
async def test_a_draining_worker_takes_no_room() -> None:
    async with running() as pool:
        pool.workers[0].draining = True
        assert [pool.place(f"r{n}").worker_id for n in range(3)] == [1, 1, 1]
        pool.workers[1].draining = True
        with pytest.raises(Unavailable, match="all workers are draining"):
            pool.place("a")


@on_loop
async def test_a_displaced_room_goes_elsewhere_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running() as pool:
        assert [pool.place(room).worker_id for room in ("a", "b", "c")] == [0, 1, 0]
        pool.displace("b", 1)
        pool.displace("never placed", 1)
        pool.release("b")
        assert pool.place("b").worker_id == 0  # although it has more rooms
        pool.release("b")
        assert pool.place("b").worker_id == 1
        pool.displace("b", 1)
        pool.workers[0].draining = True
        assert pool.place("b").worker_id == 1  # where else
        pool.displace("b", 1)
        monkeypatch.setattr(places, "DISPLACED_S", 0)
        pool.displace("b", 1)
        pool.workers[0].draining = False
        assert pool.place("b").worker_id == 1


@on_loop
async def test_waiting_until_workers_are_empty() -> None:
    async with running() as pool:
        for room in ("a", "b", "c"):
            pool.place(room)
        await pool.wait_empty([])
        one, both = (asyncio.create_task(pool.wait_empty(pool.workers[:n])) for n in (1, 2))
        pool.release("a")
        await asyncio.sleep(0)
        assert not one.done()
        pool.release("c")
        await one
        assert not both.done()
        pool.release("b")
        await both


@on_loop
async def test_a_room_is_extended_to_the_idlest_other_worker() -> None:
    async with running(workers=3) as pool:
        pool.place("a")
        pool.workers[0].cpu, pool.workers[1].cpu = 0.9, 0.5
        assert [load.worker_id for load in pool.loads("a")] == [2, 1, 0]
        assert pool.extend("a", 2).worker_id == 2
        assert [sorted(worker.rooms) for worker in pool.workers] == [["a"], [], ["a"]]
        pool.retreat("a", 0)
        pool.retreat("a", 0)
        assert [sorted(worker.rooms) for worker in pool.workers] == [[], [], ["a"]]
        pool.release("a")
        assert not any(worker.rooms for worker in pool.workers)


@on_loop
async def test_a_worker_that_takes_no_room_takes_no_branch() -> None:
    async with running(workers=4) as pool:
        pool.place("a")
        pool.workers[1].draining = True
        pool.workers[2].stock.shortage = "no"
        pool.workers[2].memory = cast(Any, SimpleNamespace(short=True))
        pool.displace("a", 0)
        takes = {load.worker_id: load.takes for load in pool.loads("a")}
        assert takes == {0: False, 1: False, 2: False, 3: True}
        assert {load.worker_id: load.takes for load in pool.loads("b")}[0] is True
        for worker_id in (1, 2):
            with pytest.raises(Unavailable, match=f"worker {worker_id} takes no further branch"):
                pool.extend("a", worker_id)
        pool.draining = True
        assert not any(load.takes for load in pool.loads("a"))
