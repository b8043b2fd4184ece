"""One worker process from exec to its exit status."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Sequence
from typing import cast

from mediad import __version__
from mediad.config.settings import WorkerSettings
from mediad.confinement.environment import scrubbed
from mediad.confinement.report import Confinement
from mediad.errors import MediadError, PortError, from_code
from mediad.exit_codes import error_for
from mediad.pipe.events import WorkerEvent, WorkerFailed, WorkerReady
from mediad.pipe.worker_requests import Configure, LogLevel
from mediad.protocols.envelope import PIPE_VERSION
from mediad.sockets import port_owner
from mediad.supervisor.workers.link import PIPE_CLOSED, WorkerLink
from mediad.supervisor.workers.poison import Quarantine

WORKER_COMMAND = (sys.executable, "-m", "mediad.worker")

STOP_TIMEOUT_S = 2.0
"""The time that a worker gets for telling its clients (DTLS close_notify) before it is killed."""

END_TIMEOUT_S = 0.5
"""The longest time that the process may outlive its pipe, or the pipe its process."""


class WorkerProcess:
    """A spawned worker. `gone` is done, with the reason, as soon as it is dead or has been given up."""

    def __init__(self, settings: WorkerSettings, quarantine: Quarantine | None = None) -> None:
        loop = asyncio.get_running_loop()
        self.link = WorkerLink(settings.worker_id, self._on_event, self._on_lost, quarantine)
        self.gone: asyncio.Future[str] = loop.create_future()
        self.killed = False
        """True when this process killed it, so that its exit status says nothing."""
        self.version = __version__
        """The version of the code it runs."""
        self.confinement: Confinement | None = None
        """The confinement that it reports; None from an older worker."""
        self._ready: asyncio.Future[str] = loop.create_future()
        self.settings = settings
        self._failure: MediadError | None = None
        self._taken: tuple[str, int] | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._exit: asyncio.Task[int] | None = None
        self._watch: asyncio.Task[None] | None = None

    @property
    def fits(self) -> bool:
        """True when it runs the same code as this process, as far as versions tell."""
        return self.version == __version__

    @property
    def pid(self) -> int:
        return self._process.pid if self._process is not None else 0

    async def spawn(self, command: Sequence[str] = WORKER_COMMAND) -> None:
        """Exec the worker and connect its pipes. It is not ready yet. Raises MediadError when exec fails."""
        with contextlib.ExitStack() as ours, contextlib.ExitStack() as theirs:
            from_worker, worker_out = open_pipe(ours, theirs)
            worker_in, to_worker = open_pipe(theirs, ours)
            arguments = (str(worker_in), str(worker_out), self.settings.to_json())
            try:
                self._process = await asyncio.create_subprocess_exec(
                    *command,
                    *arguments,
                    stdin=asyncio.subprocess.DEVNULL,
                    env=scrubbed(os.environ),
                    pass_fds=(worker_in, worker_out),
                )
            except OSError as error:
                reason = f"worker {self.settings.worker_id} could not be started: {error}"
                raise MediadError(reason) from None
            self._exit = asyncio.create_task(self._process.wait())
            self._watch = asyncio.create_task(self._watch_exit(self._exit))
            ours.pop_all()  # the link closes them
        await self.link.open(from_worker, to_worker)

    async def wait_ready(self, timeout_s: float) -> None:
        """Return when the worker has said that it is ready.

        Otherwise it is killed, and its failure is raised: ConfigError, PortError, or MediadError.
        """
        await asyncio.wait({self._ready, self.gone}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        worker = f"worker {self.settings.worker_id}"
        if self.gone.done():
            status = await self.end(END_TIMEOUT_S)
            if self._taken is not None:
                owner = await asyncio.to_thread(port_owner, *self._taken)
                raise PortError(f"{self._failure}" + (f"; it is {owner}" if owner else ""))
            raise self._failure or error_for(status, f"{worker} could not start: it {describe_exit(status)}")
        if not self._ready.done():
            await self.end(0)
            raise MediadError(f"{worker} was not ready within {timeout_s:g} s")

    async def stop(self) -> None:
        """Ask it to stop, and kill it when it has not ended after STOP_TIMEOUT_S."""
        self.link.hang_up()
        await self.end(STOP_TIMEOUT_S)

    async def end(self, timeout_s: float) -> int:
        """Wait `timeout_s` for it to end by itself, else kill it; return the exit status."""
        if self._exit is None:
            return 0
        await asyncio.wait({self._exit}, timeout=timeout_s)
        self.kill()
        status = await asyncio.shield(self._exit)
        self.link.close()
        return status

    def kill(self) -> None:
        """Send SIGKILL, unless it has ended, and do not wait for the end."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
                self.killed = True

    def give_up(self, reason: str) -> None:
        """Declare it gone for `reason`, and kill it."""
        self._is_gone(reason)
        self.kill()

    async def _watch_exit(self, exited: asyncio.Task[int]) -> None:
        """Notice the end by the exit status, in case a child of the process keeps the pipe open."""
        status = await asyncio.shield(exited)
        await asyncio.wait({self.gone}, timeout=END_TIMEOUT_S)
        self._is_gone(f"it {describe_exit(status)}")

    def _on_event(self, event: WorkerEvent) -> None:
        match event:
            case WorkerReady() if not self._ready.done():
                self.confinement = event.confinement
                self._meet(event.version or __version__, event.pipe)
            case WorkerFailed():
                self._failure = from_code(event.code, event.reason)
                self._taken = (event.protocol, event.port) if event.protocol else None

    def _meet(self, version: str, pipe: int | None) -> None:
        """Note that it is ready. It may be of another version, after an upgrade under a running daemon."""
        self.version = version
        if pipe in (PIPE_VERSION, None):
            self._ready.set_result(version)
            return
        self._failure = MediadError(
            f"worker {self.settings.worker_id} is of mediad {version}, and does not fit this daemon, "
            f"which is {__version__}; restart the daemon (systemctl restart mediad)"
        )
        self._is_gone(str(self._failure))

    def _on_lost(self, reason: str) -> None:
        self._is_gone(reason)
        if reason != PIPE_CLOSED:
            self.kill()  # it sent what cannot be read: nothing in it can be trusted

    def _is_gone(self, reason: str) -> None:
        if not self.gone.done():
            self.gone.set_result(reason)


def configuration(settings: WorkerSettings) -> Configure:
    """Return the part of a worker's settings that can change while it runs."""
    return Configure(
        announced_ip=settings.listen_infos[0].announced[0],
        max_incoming_bitrate_bps=settings.max_incoming_bitrate_bps,
        initial_outgoing_bitrate_bps=settings.initial_outgoing_bitrate_bps,
        ice_consent_timeout_s=settings.ice_consent_timeout_s,
        log_level=cast(LogLevel, settings.log_level),
        log_addresses=settings.log_addresses,
        announced=tuple(info.announced for info in settings.listen_infos),
        audio_level_interval_ms=settings.audio_level_interval_ms,
        audio_level_threshold_dbov=settings.audio_level_threshold_dbov,
        plain_source_allow=settings.plain_source_allow,
    )


def open_pipe(reader: contextlib.ExitStack, writer: contextlib.ExitStack) -> tuple[int, int]:
    """Open a pipe and return its ends; one stack closes its reading end, the other its writing end."""
    read_fd, write_fd = os.pipe()
    reader.callback(os.close, read_fd)
    writer.callback(os.close, write_fd)
    return read_fd, write_fd


def describe_exit(status: int) -> str:
    """Return `exited with status 3` or `was killed by SIGSEGV`; a negative `status` is a signal."""
    if status >= 0:
        return f"exited with status {status}"
    if -status == signal.SIGSYS:
        return (
            "was killed by SIGSYS, for a system call that none of ours makes: somebody may have taken it over"
        )
    try:
        return f"was killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"was killed by signal {-status}"
