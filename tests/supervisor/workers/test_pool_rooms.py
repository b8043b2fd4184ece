"""Rooms over the workers of a pool: where they are placed, drained and moved, and by which figures."""

from __future__ import annotations

import asyncio

import pytest

from mediad.errors import Unavailable
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
        pool.displace("b")
        pool.displace("never placed")
        pool.release("b")
        assert pool.place("b").worker_id == 0  # although it has more rooms
        pool.release("b")
        assert pool.place("b").worker_id == 1
        pool.displace("b")
        pool.workers[0].draining = True
        assert pool.place("b").worker_id == 1  # where else
        pool.displace("b")
        monkeypatch.setattr(worker_pool, "DISPLACED_S", 0)
        pool.displace("b")
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
