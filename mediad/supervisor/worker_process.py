"""One worker process from exec to its last exit status."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any

from mediad.config import WorkerSettings
from mediad.errors import MediadError, from_code
from mediad.exit_codes import error_for
from mediad.supervisor.worker_link import WorkerLink

WORKER_COMMAND = (sys.executable, "-m", "mediad.worker")

STOP_TIMEOUT_S = 2.0
"""What a worker gets for its goodbyes (DTLS close_notify) before it is killed."""


class WorkerProcess:
    """A spawned worker. `gone` is done, with the reason, as soon as it is dead or as good as dead."""

    def __init__(self, settings: WorkerSettings) -> None:
        loop = asyncio.get_running_loop()
        self.link = WorkerLink(settings.worker_id, self._on_event, self._on_lost)
        self.gone: asyncio.Future[str] = loop.create_future()
        self._ready: asyncio.Future[None] = loop.create_future()
        self._settings = settings
        self._failure: MediadError | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._exit: asyncio.Task[int] | None = None

    @property
    def pid(self) -> int:
        return self._process.pid if self._process is not None else 0

    async def spawn(self, command: Sequence[str] = WORKER_COMMAND) -> None:
        """Exec the worker and connect its pipes. It is not ready yet."""
        from_worker, worker_out = os.pipe()
        worker_in, to_worker = os.pipe()
        try:
            self._process = await asyncio.create_subprocess_exec(
                *command,
                str(worker_in),
                str(worker_out),
                self._settings.to_json(),
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=(worker_in, worker_out),
            )
        except BaseException:
            os.close(from_worker)
            os.close(to_worker)
            raise
        finally:
            os.close(worker_in)
            os.close(worker_out)
        self._exit = asyncio.create_task(self._wait_exit(self._process))
        await self.link.open(from_worker, to_worker)

    async def wait_ready(self, timeout_s: float) -> None:
        """Return when the worker said it is ready.

        Otherwise it is killed, and what kept it is raised: ConfigError, PortError, or MediadError.
        """
        worker = f"worker {self._settings.worker_id}"
        await asyncio.wait({self._ready, self.gone}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        if self._ready.done() and not self.gone.done():
            return
        in_time = self.gone.done()
        status = await self.kill()
        if self._failure is not None:
            raise self._failure
        if in_time:
            raise error_for(status, f"{worker} could not start: it {describe_exit(status)}")
        raise MediadError(f"{worker} was not ready within {timeout_s:g} s")

    async def stop(self) -> int:
        """Ask it to stop, kill it after STOP_TIMEOUT_S; the exit status."""
        self.link.hang_up()
        if self._exit is not None:
            await asyncio.wait({self._exit}, timeout=STOP_TIMEOUT_S)
        return await self.kill()

    async def kill(self) -> int:
        """SIGKILL, unless it has ended already; the exit status."""
        self.link.close()
        if self._exit is None:
            return 0
        self.kill_now()
        return await asyncio.shield(self._exit)

    def kill_now(self) -> None:
        """SIGKILL without waiting: for a process that hangs, or a supervisor that must leave at once."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    async def _wait_exit(self, process: asyncio.subprocess.Process) -> int:
        status = await process.wait()
        self._is_gone(describe_exit(status))
        return status

    def _on_event(self, name: str, data: dict[str, Any]) -> None:
        if name == "worker.ready" and not self._ready.done():
            self._ready.set_result(None)
        elif name == "worker.failed":
            self._failure = from_code(str(data.get("code")), str(data.get("reason")))

    def _on_lost(self, reason: str) -> None:
        self._is_gone(reason)

    def _is_gone(self, reason: str) -> None:
        if not self.gone.done():
            self.gone.set_result(reason)


def describe_exit(status: int) -> str:
    """ "exited with status 3", "was killed by SIGSEGV"; `status` as subprocess gives it, negative for signals."""
    if status >= 0:
        return f"exited with status {status}"
    try:
        return f"was killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"was killed by signal {-status}"
