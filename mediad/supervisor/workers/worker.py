"""Worker: the place of a worker process and what is known of it: its rooms, its load, its deaths."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field

import psutil

from mediad.rooms.stock import Stock
from mediad.supervisor.workers.memory_watch import MemoryWatch
from mediad.supervisor.workers.process import WorkerProcess
from mediad.supervisor.workers.restarts import Restarts


@dataclass(slots=True)
class Worker:
    """The place of a worker process, and its state."""

    worker_id: int
    stock: Stock = field(default_factory=Stock)
    """The objects of rooms on it."""
    memory: MemoryWatch = field(default_factory=MemoryWatch)
    process: WorkerProcess | None = None
    """The process that is ready for rooms; None while there is none."""
    rooms: set[str] = field(default_factory=set)
    cpu: float = 0.0
    """Cores in use over the last second; 1.0 is one whole core."""
    rss_bytes: int = 0
    last_used: int = 0
    ready_since_s: float = 0.0
    """CLOCK_MONOTONIC when the process became ready."""
    restarts: int = 0
    history: Restarts = field(default_factory=Restarts)
    last_death: str | None = None
    draining: bool = False
    """True while no room is placed here."""
    next_start_s: float | None = None
    """CLOCK_MONOTONIC of the next attempt to start it; None while it does not wait for one."""
    retiring: bool = False
    """True while its process is being ended on purpose."""
    start_now: asyncio.Event = field(default_factory=asyncio.Event)
    """An event that is set to start it without further delay."""
    tried: asyncio.Event = field(default_factory=asyncio.Event)
    """An event that is set after each attempt to start it."""
    meter: psutil.Process | None = None

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process is not None else None

    def fullest(self) -> tuple[str, float]:
        """Return its scarcest resource and the share in use: 0..1, and 1 when it accepts nothing new."""
        return ("memory", 1.0) if self.memory.short else self.stock.fullest()

    def measure(self) -> None:
        """Measure the CPU used since the last call, 0 at the first, and the memory in use."""
        if self.meter is not None:
            with contextlib.suppress(psutil.Error):
                self.cpu = self.meter.cpu_percent() / 100
                self.rss_bytes = self.meter.memory_info().rss
