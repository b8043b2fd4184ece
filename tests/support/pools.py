"""A pool of tiny workers, and a record of their deaths."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from mediad.config.settings import Settings
from mediad.supervisor.workers.pool import WorkerPool
from mediad.supervisor.workers.worker import Worker
from tests.support.workers import tiny


class Deaths:
    """Records each death as the pool tells it, with the pids in place at that moment."""

    def __init__(self) -> None:
        self.told: list[int] = []

    def __call__(self, worker_id: int) -> None:
        self.told.append(worker_id)


@asynccontextmanager
async def running(
    deaths: Deaths | None = None, mode: str = "ready", **settings: Any
) -> AsyncIterator[WorkerPool]:
    """A pool of two that is started, and stopped at the end of the block."""
    pool = WorkerPool(Settings(**{"workers": 2, **settings}), deaths or Deaths(), tiny(mode))
    await pool.start()
    try:
        yield pool
    finally:
        await pool.stop()


def is_new(worker: Worker, old_pid: int | None) -> bool:
    return worker.pid not in (None, old_pid)


def pid_of(worker: Worker) -> int:
    assert worker.pid is not None
    return worker.pid
