"""One recorder process from exec to its end. It runs at a low priority, for calls come first."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Sequence

from mediad.confinement.environment import scrubbed
from mediad.errors import MediadError
from mediad.pipe.recorder_requests import RecorderEvent
from mediad.supervisor.recording.link import RecorderLink
from mediad.supervisor.workers.process import describe_exit, open_pipe

RECORDER_COMMAND = (sys.executable, "-m", "mediad.recorder")

NICE = 10
"""The priority of a recorder (setpriority(2)): with it, it gets a tenth of a core that a worker wants too."""

STOP_TIMEOUT_S = 5.0
"""The time that a recorder has to end after its pipe was closed, before it is killed."""


class RecorderProcess:
    """A spawned recorder. `gone` is done, with the reason, as soon as it is dead or has been given up."""

    def __init__(self, on_event: Callable[[RecorderEvent], None]) -> None:
        self.link = RecorderLink(on_event, self._on_lost)
        self.gone: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        return self._process.pid if self._process is not None else 0

    async def spawn(
        self,
        log_level: str,
        log_format: str,
        command: Sequence[str] = RECORDER_COMMAND,
        *,
        confined: tuple[str, str] = ("off", ""),
    ) -> None:
        """Exec the recorder and connect its pipes. Raises MediadError when exec fails.

        `confined` is how, and the directory that it may write below: see `mediad.recorder.__main__`.
        """
        with contextlib.ExitStack() as ours, contextlib.ExitStack() as theirs:
            from_recorder, recorder_out = open_pipe(ours, theirs)
            recorder_in, to_recorder = open_pipe(theirs, ours)
            try:
                self._process = await asyncio.create_subprocess_exec(
                    *command,
                    *(str(recorder_in), str(recorder_out), log_level, log_format, *confined),
                    stdin=asyncio.subprocess.DEVNULL,
                    env=scrubbed(os.environ),
                    pass_fds=(recorder_in, recorder_out),
                )
            except OSError as error:
                raise MediadError(f"the recorder process could not be started: {error}") from None
            ours.pop_all()  # the link closes them
        with contextlib.suppress(OSError):  # it may be gone already, or a sandbox forbids it
            os.setpriority(os.PRIO_PROCESS, self._process.pid, NICE)
        self._watch = asyncio.create_task(self._watch_exit(self._process))
        await self.link.open(from_recorder, to_recorder)

    async def stop(self) -> None:
        """Have it end, and kill it when it has not ended after STOP_TIMEOUT_S. Files are finished first."""
        self.link.hang_up()
        if self._watch is not None:
            await asyncio.wait({self._watch}, timeout=STOP_TIMEOUT_S)
        await self.end()

    async def end(self) -> None:
        """Kill it unless it has ended, and wait until it has."""
        self.link.close()
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        if self._watch is not None:
            await self._watch

    async def _watch_exit(self, process: asyncio.subprocess.Process) -> None:
        """Notice the end by the exit status, which tells more than the end of the pipe."""
        self._is_gone(f"it {describe_exit(await process.wait())}")

    def _on_lost(self, reason: str) -> None:
        """Note the end of the pipe, a moment before that of the process; one that lives on is given up."""
        asyncio.get_running_loop().call_later(STOP_TIMEOUT_S, self._is_gone, reason)

    def _is_gone(self, reason: str) -> None:
        if not self.gone.done():
            self.gone.set_result(reason)
