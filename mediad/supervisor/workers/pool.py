"""The workers of this daemon: started, pinged, measured, replaced when they die, and chosen for rooms.

A worker id names a place, not a process: it keeps its port and its order while one process follows another.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import psutil

from mediad import __version__
from mediad.config.settings import Settings
from mediad.errors import MediadError, Unavailable, WorkerDied
from mediad.rooms.stock import Stock, Stocks
from mediad.supervisor.workers.link import PIPE_CLOSED, WorkerLink
from mediad.supervisor.workers.memory_keeper import MemoryKeeper
from mediad.supervisor.workers.memory_watch import MemoryWatch
from mediad.supervisor.workers.node_observer import NodeObserver, death_cause
from mediad.supervisor.workers.placement import Candidate, choose
from mediad.supervisor.workers.poison import REFUSED_S, Quarantine
from mediad.supervisor.workers.process import (
    END_TIMEOUT_S,
    WORKER_COMMAND,
    WorkerProcess,
    configuration,
    describe_exit,
)
from mediad.supervisor.workers.restarts import Restarts

CPU_SAMPLE_INTERVAL_S = 1.0

DISPLACED_S = 60.0
"""The time in which a room that was moved off a worker is not placed there again."""

logger = logging.getLogger(__name__)


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


class WorkerPool:
    """The pool of all workers; rooms know it as Placement.

    `on_worker_died` is called with the worker id as soon as a process is gone and before it is replaced.
    """

    def __init__(
        self,
        settings: Settings,
        on_worker_died: Callable[[int], None],
        command: Sequence[str] = WORKER_COMMAND,
        stocks: Stocks | None = None,
    ) -> None:
        stocks = stocks or Stocks()
        self.workers = [
            Worker(worker_id, stocks.of(worker_id)) for worker_id in range(settings.worker_count())
        ]
        self.memory = MemoryKeeper()
        self.draining = False
        """True while no room is placed."""
        self.observer = NodeObserver()
        self._settings = settings
        self._on_worker_died = on_worker_died
        self._command = command
        self._placed: dict[str, Worker] = {}
        self._displaced: dict[str, tuple[int, float]] = {}
        """Room id → (the worker that it shall not be placed on, CLOCK_MONOTONIC until then)."""
        self._freed = asyncio.Event()
        """An event that is set for a moment whenever a room is released."""
        self._quarantine = Quarantine()
        self._placements = 0
        self._processes: set[WorkerProcess] = set()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Start every worker and return when all are ready.

        A worker that cannot start now will not start later either: all are stopped again, and the first
        failure is raised (ConfigError, PortError, or MediadError).
        """
        starting = [asyncio.create_task(self._launch(worker)) for worker in self.workers]
        try:
            await asyncio.gather(*starting)
        except BaseException:
            for task in starting:
                task.cancel()
            await asyncio.gather(*starting, return_exceptions=True)
            await self.stop()
            raise
        self._tasks = [asyncio.create_task(self._keep(worker)) for worker in self.workers]
        self._tasks.append(asyncio.create_task(self._measure()))

    async def stop(self) -> None:
        """Stop every worker; afterwards none of their processes is left."""
        self.draining = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(process.stop() for process in self._processes))
        self._processes.clear()
        for worker in self.workers:
            worker.process = None

    async def configure(self, settings: Settings) -> None:
        """Use new settings from now on, and tell the workers. Those that do not accept them are replaced."""
        self._settings = settings
        ready = [(worker, worker.process) for worker in self.workers if worker.process is not None]
        await asyncio.gather(*(self._configure(worker, process) for worker, process in ready))

    async def _configure(self, worker: Worker, process: WorkerProcess) -> None:
        settings = self._settings.worker_settings(worker.worker_id)
        if configuration(settings) == configuration(process.settings):
            return
        process.settings = settings
        try:
            await process.link.request(configuration(settings))
        except WorkerDied:
            pass  # the process that replaces it starts with the new settings
        except MediadError as error:
            process.give_up(f"it did not take new settings: {error}")

    async def all_answer(self, timeout_s: float) -> bool:
        """True when every worker that is ready answers in time; one that dies meanwhile is not ready."""
        ready = [worker.process for worker in self.workers if worker.process is not None]
        return all(await asyncio.gather(*(_answers(process, timeout_s) for process in ready)))

    def kill(self) -> None:
        """Send SIGKILL to every worker process and do not wait: for a supervisor that has to end at once."""
        for process in self._processes:
            process.kill()

    def place(self, room_id: str) -> WorkerLink:
        """Choose a worker for a room. Raises Unavailable when draining, or when no worker can take it."""
        if self.draining:
            raise Unavailable("the server is draining")
        worker = self._choose(room_id)
        self.release(room_id)
        self._displaced.pop(room_id, None)
        self._placements += 1
        worker.last_used = self._placements
        worker.rooms.add(room_id)
        self._placed[room_id] = worker
        assert worker.process is not None
        return worker.process.link

    def _choose(self, room_id: str) -> Worker:
        ready = [worker for worker in self.workers if worker.process is not None]
        able = [worker for worker in ready if not worker.draining]
        avoided, until_s = self._displaced.get(room_id, (-1, 0.0))
        if time.monotonic() < until_s:
            able = [worker for worker in able if worker.worker_id != avoided] or able
        # a worker that dies again and again has the fewest rooms each time: it would be chosen for all
        able = [worker for worker in able if not worker.history.looping] or able
        chosen = choose(
            Candidate(worker.worker_id, len(worker.rooms), worker.cpu, worker.last_used, worker.fullest()[1])
            for worker in able
        )
        if chosen is None and able:
            raise Unavailable("all workers are full: try again later")
        if chosen is None:
            raise Unavailable("all workers are draining" if ready else "no worker is ready")
        return self.workers[chosen.worker_id]

    def displace(self, room_id: str) -> None:
        """Place this room on another worker, if one can take it, when it opens again within DISPLACED_S."""
        worker = self._placed.get(room_id)
        if worker is None:
            return
        now_s = time.monotonic()
        for other in [other for other, (_, until_s) in self._displaced.items() if until_s <= now_s]:
            del self._displaced[other]
        self._displaced[room_id] = (worker.worker_id, now_s + DISPLACED_S)

    def release(self, room_id: str) -> None:
        """Take a room off its worker. Releasing it twice does no harm."""
        worker = self._placed.pop(room_id, None)
        if worker is not None:
            worker.rooms.discard(room_id)
            self._freed.set()
            self._freed.clear()

    async def wait_empty(self, workers: Sequence[Worker]) -> None:
        """Return when no room is placed on any of `workers`."""
        while any(worker.rooms for worker in workers):
            await self._freed.wait()

    async def replace(self, worker: Worker) -> None:
        """End this worker's process, and return when another is ready in its place.

        Its rooms are lost. A worker that waits for its next attempt gets it now. Raises MediadError when the
        new process does not start; attempts go on all the same.
        """
        worker.history.forget()
        worker.start_now.set()
        if worker.process is not None:
            worker.retiring = True
            await worker.process.stop()
        worker.tried.clear()
        await worker.tried.wait()
        if worker.process is None:
            raise MediadError(worker.last_death or f"worker {worker.worker_id} did not start")

    async def _launch(self, worker: Worker) -> None:
        """Start a process in this place; after a failure nothing of it is left."""
        process = WorkerProcess(self._settings.worker_settings(worker.worker_id), self._quarantine)
        self._processes.add(process)
        try:
            await process.spawn(self._command)
            await process.wait_ready(self._settings.worker_start_timeout_s)
        except BaseException:
            process.kill()
            await process.end(0)
            self._processes.discard(process)
            raise
        worker.process = process
        worker.memory = MemoryWatch()
        worker.stock.shortage = None
        worker.ready_since_s = time.monotonic()
        with contextlib.suppress(psutil.Error):
            worker.meter = psutil.Process(process.pid)
            worker.measure()
        logger.info("ready, pid %d", process.pid, extra={"worker": worker.worker_id})
        if not process.fits:
            what = "it is of mediad %s, the daemon of %s; restart the daemon (systemctl restart mediad)"
            logger.warning(what, process.version, __version__, extra={"worker": worker.worker_id})
        self.observer.worker_ready(worker.worker_id, process.pid)
        await self._configure(worker, process)  # they may have changed while it started

    async def _keep(self, worker: Worker) -> None:
        """Watch the process in this place and replace it each time it dies, without end."""
        while True:
            if worker.process is not None:
                await self._watch(worker, worker.process)
            await self._back_off(worker)
            worker.restarts += 1
            try:
                await self._launch(worker)
            except (MediadError, OSError) as error:
                worker.history.did_not_start()
                worker.last_death = str(error)
                what = "%s; it takes no rooms, and is tried again"
                logger.error(what, error, extra={"worker": worker.worker_id})
            worker.tried.set()

    async def _back_off(self, worker: Worker) -> None:
        """Wait as long as its history of restarts says, or until it shall start now."""
        delay_s = worker.history.delay_s
        if delay_s and not worker.start_now.is_set():
            what = "restarts in %g s, and takes no rooms until then"
            logger.warning(what, delay_s, extra={"worker": worker.worker_id})
            worker.next_start_s = time.monotonic() + delay_s
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(delay_s):
                    await worker.start_now.wait()
        worker.next_start_s = None
        worker.start_now.clear()

    async def _watch(self, worker: Worker, process: WorkerProcess) -> None:
        """Wait until this process is gone; then tell its rooms and the observer, and clear up after it."""
        pinging = asyncio.create_task(self._ping(process))
        try:
            reason = await asyncio.shield(process.gone)
        finally:
            pinging.cancel()
        worker.process = worker.meter = None
        worker.cpu, worker.rss_bytes = 0.0, 0
        self._tell_of_death(worker)
        status = await process.end(END_TIMEOUT_S)
        self._processes.discard(process)
        if worker.retiring:
            worker.retiring = False
            what = "pid %d was stopped, and another process starts in its place"
            logger.info(what, process.pid, extra={"worker": worker.worker_id})
            return
        lived_s = time.monotonic() - worker.ready_since_s
        worker.history.died(lived_s)
        unexplained = reason == PIPE_CLOSED and not process.killed
        worker.last_death = f"it {describe_exit(status)}" if unexplained else reason
        if process.killed or status not in (0, -signal.SIGKILL):  # else something outside ended it
            self._suspect(process)
        cause = death_cause(reason, status, killed=process.killed)
        self.observer.worker_died(worker.worker_id, cause, worker.last_death)
        what = "pid %d died after %.1f s: %s; it is replaced, and clients of its rooms have to connect again"
        logger.error(what, process.pid, lived_s, worker.last_death, extra={"worker": worker.worker_id})

    def _suspect(self, process: WorkerProcess) -> None:
        """Note the requests that may have crashed this process."""
        if self._quarantine.strike(process.link.suspects(), time.monotonic()):
            logger.warning(
                "a request has crashed workers twice: the same one is refused for %g min", REFUSED_S / 60
            )

    def _tell_of_death(self, worker: Worker) -> None:
        try:
            self._on_worker_died(worker.worker_id)
        except Exception:  # the worker must be replaced, whatever goes wrong in rooms
            what = (
                "some of its rooms were not told of its death, a bug in mediad: their clients have no media"
            )
            logger.exception(what, extra={"worker": worker.worker_id})
        for room_id in list(worker.rooms):
            self.release(room_id)

    async def _ping(self, process: WorkerProcess) -> None:
        """Kill the process when it answers with an error, or has not answered for worker_ping_timeout_s.

        Silence is counted in turns of this task rather than by the clock, so that a supervisor that was
        itself stopped for a while does not kill its workers.
        """
        interval_s, timeout_s = self._settings.worker_ping_interval_s, self._settings.worker_ping_timeout_s
        silent_turns_allowed = math.ceil(timeout_s / interval_s)
        silent_turns = 0
        try:
            pong = process.link.ping()
            while silent_turns < silent_turns_allowed:
                await asyncio.sleep(interval_s)
                if pong.done():
                    pong.result()
                    pong = process.link.ping()
                    silent_turns = 0
                silent_turns += 1
            process.give_up(f"it did not answer for {timeout_s:g} s")
        except WorkerDied:
            pass  # which shows in process.gone as well
        except MediadError as error:
            process.give_up(f"it is not well: {error}")

    async def _measure(self) -> None:
        """Measure CPU and memory of each worker every second, without end."""
        while True:
            for worker in self.workers:
                worker.measure()
                if worker.process is not None:
                    worker.history.lived(time.monotonic() - worker.ready_since_s)
                self.memory.look(worker, self._settings.worker_memory_max_bytes)
            await asyncio.sleep(CPU_SAMPLE_INTERVAL_S)


async def _answers(process: WorkerProcess, timeout_s: float) -> bool:
    """True when it answers or is gone; `WorkerPool._ping` judges what it answers."""
    try:
        news: set[asyncio.Future[Any]] = {process.link.ping(), process.gone}
    except WorkerDied:
        return True
    done, _ = await asyncio.wait(news, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    return bool(done)
