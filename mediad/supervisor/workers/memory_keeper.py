"""The actions that `memory_watch` decides on: refuse, trim, close a room, replace the worker."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from typing import Protocol

from mediad.errors import MediadError
from mediad.pipe.worker_requests import TrimMemory
from mediad.rooms.stock import Stock
from mediad.supervisor.workers.memory_watch import ENOUGH, REPLACE_S, Measure, MemoryWatch
from mediad.supervisor.workers.process import WorkerProcess

logger = logging.getLogger(__name__)


class Kept(Protocol):
    """A worker whose memory is kept in bounds."""

    worker_id: int
    process: WorkerProcess | None
    rss_bytes: int
    memory: MemoryWatch
    stock: Stock


class MemoryKeeper:
    """Checks each worker's memory once a second."""

    def __init__(self) -> None:
        self.relieve: Callable[[int], None] = lambda worker_id: None
        """Close the room that holds most on a worker."""
        self._trims: set[asyncio.Task[None]] = set()

    def look(self, worker: Kept, limit_bytes: int) -> None:
        """Check one worker and act. A limit of 0 is none."""
        process = worker.process
        if process is None:
            return
        was_short = worker.memory.short
        measure = worker.memory.look(worker.rss_bytes, limit_bytes, time.monotonic())
        used = f"{worker.rss_bytes >> 20} of {limit_bytes >> 20} MiB of memory"
        if worker.memory.short is not was_short:
            _say_whether_short(worker, used)
        match measure:
            case Measure.TRIM:
                self._trims.add(trim := asyncio.create_task(_trim(process)))
                trim.add_done_callback(self._trims.discard)
            case Measure.RELIEVE:
                self.relieve(worker.worker_id)
            case Measure.REPLACE:
                process.give_up(f"it used {used} for {REPLACE_S:g} s, although it accepted nothing new")


def _say_whether_short(worker: Kept, used: str) -> None:
    extra = {"worker": worker.worker_id}
    if worker.memory.short:
        worker.stock.shortage = f"this worker uses {used} and accepts nothing new"
        text = "short of memory: it uses %s; new rooms, clients and tracks are refused until below %.0f %%"
        logger.warning(text, used, 100 * ENOUGH, extra=extra)
    else:
        worker.stock.shortage = None
        logger.info(
            "enough memory again: it uses %s; new rooms, clients and tracks are accepted", used, extra=extra
        )


async def _trim(process: WorkerProcess) -> None:
    """Ask the worker to give back unused memory; the next check shows whether it did."""
    with contextlib.suppress(MediadError):
        await process.link.request(TrimMemory())
