"""Measures for a worker that is short of memory, and the log lines and reports about it."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, cast

import pytest

from mediad.errors import WorkerDied
from mediad.pipe.messages import Done, Request
from mediad.rooms.stock import Stock
from mediad.supervisor.workers import memory_watch
from mediad.supervisor.workers.memory_keeper import MemoryKeeper
from mediad.supervisor.workers.memory_watch import MemoryWatch
from tests.support.loops import on_loop

MIB = 2**20


class Process:
    """The process of a worker, which notes requests and being given up."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.given_up: list[str] = []
        self.dies = False
        self.link = self

    async def request(self, request: Request[Done]) -> Done:
        self.asked.append(request.row)
        if self.dies:
            raise WorkerDied("gone")
        return Done()

    def give_up(self, reason: str) -> None:
        self.given_up.append(reason)


class Worker:
    def __init__(self) -> None:
        self.worker_id = 3
        self.made = Process()
        self.process: Any = self.made
        self.rss_bytes = 0
        self.memory = MemoryWatch()
        self.stock = Stock()


def look(keeper: MemoryKeeper, worker: Worker, mib: int) -> None:
    worker.rss_bytes = mib * MIB
    keeper.look(cast(Any, worker), 200 * MIB)


@on_loop
async def test_near_the_limit_it_is_trimmed_and_lets_nothing_in(caplog: pytest.LogCaptureFixture) -> None:
    keeper, worker = MemoryKeeper(), Worker()
    with caplog.at_level(logging.INFO):
        look(keeper, worker, 100)
        assert worker.stock.shortage is None
        look(keeper, worker, 170)
        look(keeper, worker, 199)
        await asyncio.sleep(0)
        assert worker.made.asked == ["worker.trim"]
        assert worker.stock.shortage == "this worker uses 170 of 200 MiB of memory and accepts nothing new"
        look(keeper, worker, 150)
    assert worker.stock.shortage is None
    assert [(record.levelname, record.message) for record in caplog.records] == [
        (
            "WARNING",
            "short of memory: it uses 170 of 200 MiB of memory; "
            "new rooms, clients and tracks are refused until below 80 %",
        ),
        (
            "INFO",
            "enough memory again: it uses 150 of 200 MiB of memory; "
            "new rooms, clients and tracks are accepted",
        ),
    ]
    assert worker.made.given_up == []


@on_loop
async def test_above_the_limit_rooms_go_and_at_last_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    keeper, worker = MemoryKeeper(), Worker()
    relieved: list[int] = []
    keeper.relieve = relieved.append
    look(keeper, worker, 201)
    assert relieved == []
    monkeypatch.setattr(memory_watch, "RELIEF_S", 0.0)
    look(keeper, worker, 201)
    assert (relieved, worker.made.given_up) == ([3], [])
    monkeypatch.setattr(memory_watch, "REPLACE_S", 0.0)
    look(keeper, worker, 201)
    (reason,) = worker.made.given_up
    assert reason.startswith("it used 201 of 200 MiB of memory for ")


@on_loop
async def test_a_worker_that_dies_meanwhile_is_no_matter() -> None:
    keeper, worker = MemoryKeeper(), Worker()
    worker.made.dies = True
    look(keeper, worker, 190)
    await asyncio.sleep(0)
    worker.process = None
    look(keeper, worker, 190)
