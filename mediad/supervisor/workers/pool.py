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
from typing import Any

import psutil

from mediad import __version__
from mediad.config.settings import Settings
from mediad.errors import MediadError, WorkerDied
from mediad.rooms.stock import Stocks
from mediad.supervisor.workers.link import PIPE_CLOSED
from mediad.supervisor.workers.memory_keeper import MemoryKeeper
from mediad.supervisor.workers.memory_watch import MemoryWatch
from mediad.supervisor.workers.node_observer import NodeObserver, death_cause
from mediad.supervisor.workers.places import Places
from mediad.supervisor.workers.poison import REFUSED_S, Quarantine
from mediad.supervisor.workers.process import (
    END_TIMEOUT_S,
    WORKER_COMMAND,
    WorkerProcess,
    configuration,
    describe_exit,
)
from mediad.supervisor.workers.worker import Worker

CPU_SAMPLE_INTERVAL_S = 1.0

logger = logging.getLogger(__name__)


class WorkerPool(Places):
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
        super().__init__(
            [Worker(worker_id, stocks.of(worker_id)) for worker_id in range(settings.worker_count())]
        )
        self.memory = MemoryKeeper()
        self.memory_bytes = 0
        """The memory that mediad may use in all; 0 where nobody knows: then no worker has a share."""
        self.observer = NodeObserver()
        self._settings = settings
        self._on_worker_died = on_worker_died
        self._command = command
        self._quarantine = Quarantine()
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
        how = process.confinement or "it does not tell what confines it"
        logger.info("ready, pid %d (%s)", process.pid, how, extra={"worker": worker.worker_id})
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
            self.retreat(room_id, worker.worker_id)

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

    @property
    def memory_limit_bytes(self) -> int:
        """The most memory of one worker; 0 is no limit."""
        return self._settings.worker_memory_limit(self.memory_bytes)

    async def _measure(self) -> None:
        """Measure CPU and memory of each worker every second, without end."""
        while True:
            for worker in self.workers:
                worker.measure()
                if worker.process is not None:
                    worker.history.lived(time.monotonic() - worker.ready_since_s)
                self.memory.look(worker, self.memory_limit_bytes)
            await asyncio.sleep(CPU_SAMPLE_INTERVAL_S)


async def _answers(process: WorkerProcess, timeout_s: float) -> bool:
    """True when it answers or is gone; `WorkerPool._ping` judges what it answers."""
    try:
        news: set[asyncio.Future[Any]] = {process.link.ping(), process.gone}
    except WorkerDied:
        return True
    done, _ = await asyncio.wait(news, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    return bool(done)
