"""The node's report about itself, with real worker processes behind it."""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from mediad.config.listen import ListenInfo
from mediad.config.settings import Settings
from mediad.errors import Unavailable
from mediad.pipe.worker_stats import WorkerStats
from mediad.protocols.envelope import PIPE_VERSION
from mediad.rooms.stock import Claim
from mediad.supervisor.observability.status import Status, _all_have, summary
from mediad.supervisor.workers import restarts
from mediad.supervisor.workers.placement import FULL
from mediad.supervisor.workers.pool import WorkerPool
from tests.support.loops import on_loop, until
from tests.support.workers import tiny


class FixedRooms:
    room_count = 2
    peer_count = 5

    def summaries(self) -> list[dict[str, Any]]:
        return [{"roomId": "b", "workerId": 1}, {"roomId": "a", "workerId": 0}]


@asynccontextmanager
async def node(mode: str = "ready") -> AsyncIterator[tuple[Status, WorkerPool]]:
    settings = Settings(
        workers=2, rtc_base_port=20000, announced=(ListenInfo("127.0.0.1", ("203.0.113.7",)),)
    )
    pool = WorkerPool(settings, lambda worker_id: None, tiny(mode))
    await pool.start()
    try:
        yield Status(settings, pool, FixedRooms()), pool
    finally:
        await pool.stop()


@on_loop
async def test_stats_has_the_promised_shape() -> None:
    async with node() as (status, pool):
        pool.place("room1")
        pool.workers[1].cpu = 1.7
        stats = status.stats()
        assert stats["workers"] == [
            {"workerId": 0, "roomCount": 1, "cpuUsage": 0.0, "pid": pool.workers[0].pid, "closed": False},
            {"workerId": 1, "roomCount": 0, "cpuUsage": 1.0, "pid": pool.workers[1].pid, "closed": False},
        ]
        assert stats["distribution"] == {"0": ["room1"], "1": []}
        assert (stats["totalRooms"], stats["totalPeers"]) == (1, 5)


@on_loop
async def test_workers_in_detail() -> None:
    async with node() as (status, pool):
        first, second = status.workers()["workers"]
        assert (first["state"], first["restarts"], first["lastDeath"]) == ("ready", 0, None)
        assert (second["firstPort"], second["lastPort"]) == (21000, 21999)
        assert second["listen"] == [{"ip": "127.0.0.1", "announced": ("203.0.113.7",)}]
        pid = first["pid"]
        os.kill(pid, signal.SIGKILL)
        await until(lambda: pool.workers[0].process is None)
        gone = status.workers()["workers"][0]
        assert (gone["state"], gone["pid"], gone["uptimeS"]) == ("restarting", None, 0.0)
        assert status.stats()["workers"][0]["closed"] is True
        await until(lambda: status.workers()["workers"][0]["restarts"] == 1)


@on_loop
async def test_health_follows_the_workers_and_the_drain() -> None:
    async with node() as (status, pool):
        assert status.health() == {"status": "ok", "workers": 2, "workersReady": 2, "problems": []}
        processes = [worker.process for worker in pool.workers]
        pool.workers[0].process = None
        assert status.health() == {"status": "ok", "workers": 2, "workersReady": 1, "problems": []}
        pool.workers[1].process = None
        assert status.health()["status"] == "unavailable"
        for worker, process in zip(pool.workers, processes, strict=True):
            worker.process = process
        pool.workers[0].draining = True
        assert status.health()["status"] == "ok"
        assert status.workers()["workers"][0]["state"] == "draining"
        pool.workers[1].draining = True
        assert status.health()["status"] == "draining"
        pool.workers[0].draining = False
        pool.draining = True
        assert status.health()["status"] == "draining"


@on_loop
async def test_health_says_full_when_no_worker_can_take_a_room() -> None:
    async with node() as (status, pool):
        claims: list[list[Claim]] = [[], []]
        for worker, taken in zip(pool.workers, claims, strict=True):
            holders = itertools.count()
            while worker.stock.fullest()[1] < FULL:
                taken.append(worker.stock.take_over("transports", ("address", str(next(holders)))))
            if worker is pool.workers[0]:
                assert status.health()["status"] == "degraded"
                assert pool.place("room2").worker_id == 1
        health = status.health()
        assert health["status"] == "full"
        assert health["problems"] == [
            f"worker {n} is full: 8029 of 8192 transports are in use (98%)" for n in range(2)
        ]
        table = status.workers()["workers"][0]["tables"]["transports"]
        assert table == {"used": 8029, "capacity": 8192}
        with pytest.raises(Unavailable, match="all workers are full"):
            pool.place("room3")
        for claim in claims[0][1000:]:
            claim.release()
        assert status.health()["status"] == "degraded"
        pool.workers[0].memory.short = True
        pool.workers[0].stock.shortage = "this worker uses 450 of 512 MiB of memory and accepts nothing new"
        assert status.health()["status"] == "full"
        assert status.health()["problems"][0] == f"worker 0: {pool.workers[0].stock.shortage}"


@on_loop
async def test_a_crash_loop_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restarts, "FREE_RESTARTS", 0)
    monkeypatch.setattr(restarts, "FIRST_DELAY_S", 30.0)
    async with node() as (status, pool):
        worker = pool.workers[1]
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGABRT)
        await until(lambda: worker.next_start_s)
        health = status.health()
        assert (health["status"], health["workersReady"]) == ("degraded", 1)
        [problem] = health["problems"]
        told = "worker 1 has failed 1 time in a row, last: it was killed by SIGABRT; the next start is in "
        assert problem.startswith(told)
        [_, second] = status.workers()["workers"]
        assert second["state"] == "backing off"
        assert 0 < second["nextStartS"] <= 30
        worker.start_now.set()
        await until(lambda: worker.pid)
        assert status.health()["problems"][0].endswith("it is running again")
        assert status.workers()["workers"][1]["nextStartS"] is None


@on_loop
async def test_rooms_are_sorted() -> None:
    async with node() as (status, _):
        assert [room["roomId"] for room in status.rooms()["rooms"]] == ["a", "b"]


@on_loop
async def test_overview() -> None:
    async with node() as (status, _):
        # a tiny worker answers every request with its data: worker.stats is an empty object to it
        assert await status.worker_reports() == {"0": WorkerStats(), "1": WorkerStats()}
        overview = await status.overview()
        assert (overview["status"], overview["rooms"], overview["peers"]) == ("ok", 2, 5)
        assert (overview["url"], overview["udpGso"]) == (None, None)
        assert overview["pid"] == os.getpid()


@on_loop
async def test_who_does_not_report_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mediad.supervisor.observability.status.REPORT_TIMEOUT_S", 0.2)
    async with node() as (status, pool):
        pid = pool.workers[0].pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        assert await status.worker_reports() == {"1": WorkerStats()}
        os.kill(pid, signal.SIGKILL)
        assert await status.worker_reports() == {"1": WorkerStats()}


def test_a_feature_counts_when_every_worker_has_it() -> None:
    assert _all_have([None, None]) is None
    assert _all_have([True, None, True]) is True
    assert _all_have([True, False]) is False


@on_loop
async def test_a_worker_of_another_version_is_told_of(caplog: pytest.LogCaptureFixture) -> None:
    """An upgrade under a running daemon leads to this."""
    settings = Settings(workers=1)
    pool = WorkerPool(settings, lambda _: None, tiny(f"other:9.9.9:{PIPE_VERSION}"))
    await pool.start()
    try:
        health = Status(settings, pool, FixedRooms()).health()
        assert health["status"] == "degraded"
        (problem,) = health["problems"]
        assert problem.startswith("worker 0 is of mediad 9.9.9, the daemon of ")
        assert "restart it" in problem
        assert "it is of mediad 9.9.9" in caplog.text
    finally:
        await pool.stop()


def test_summaries() -> None:
    health = {"status": "ok", "workers": 4, "workersReady": 3}
    assert summary(health, 1, 2) == "1 room, 2 peers, 3 of 4 workers ready"
    health = {"status": "draining", "workers": 1, "workersReady": 1}
    assert summary(health, 0, 1) == "draining: 0 rooms, 1 peer, 1 of 1 worker ready"
