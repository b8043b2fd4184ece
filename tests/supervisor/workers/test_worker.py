"""Workers as the pool knows them: the scarcest resource, the process."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any, cast

import psutil

from mediad.rooms.stock import ROOM
from mediad.supervisor.workers.worker import Worker


def test_the_fullest_table_is_its_scarcest_resource() -> None:
    worker = Worker(0)
    worker.stock.claim("rooms", (ROOM, "room"))
    name, used = worker.fullest()
    assert (name, 0 < used < 1) == ("rooms", True)


def test_a_worker_short_of_memory_accepts_nothing() -> None:
    worker = Worker(0)
    worker.memory = cast(Any, SimpleNamespace(short=True))
    assert worker.fullest() == ("memory", 1.0)


def test_a_process_is_measured_while_there_is_one() -> None:
    worker = Worker(0)
    worker.measure()
    assert (worker.pid, worker.rss_bytes) == (None, 0)
    worker.meter = psutil.Process(os.getpid())
    worker.measure()
    assert worker.rss_bytes > 1_000_000
