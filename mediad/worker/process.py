"""The life of a worker process, whatever it serves: ready or failed, answering until the pipe ends, gone.

The supervisor decides when a worker ends, by closing its pipe or with SIGKILL. So the signals of a terminal
or of systemd, which reach the whole group, are ignored; and when the supervisor dies, the kernel kills us.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import gc
import os
import signal
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

from mediad import __version__
from mediad.config.settings import WorkerSettings
from mediad.errors import MediadError
from mediad.exit_codes import ExitCode, exit_code_for
from mediad.pipe.events import WorkerFailed, WorkerReady
from mediad.pipe.messages import Event, Handler
from mediad.pipe.misfits import Misfits
from mediad.protocols.envelope import PIPE_VERSION
from mediad.worker.channel import Channel

OOM_SCORE_ADJUST = 500
"""proc(5): -1000, never the victim of a shortage of memory, to 1000, always."""

_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15  # prctl(2)

Emit = Callable[[Event], None]


class Server(Protocol):
    """Something to serve: `mediad.worker.server.WorkerServer`."""

    async def start(self) -> None:
        """Bind the ports. When that cannot be it raises MediadError, and has nothing open."""
        ...

    def handlers(self) -> Iterable[Handler]:
        """Return an answer to each request."""
        ...

    def close(self) -> None:
        """Say goodbye on every transport, and let everything go."""
        ...


def settle_in(worker_id: int) -> None:
    """Make this process a worker: crash reports, signals, name, and no life after the supervisor's."""
    faulthandler.enable()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    with contextlib.suppress(OSError):  # short of memory, the kernel had better take a worker than the daemon
        Path("/proc/self/oom_score_adj").write_text(str(OOM_SCORE_ADJUST))
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_NAME, f"mediad-w{worker_id}".encode(), 0, 0, 0)
    # The end of the pipe tells us too, but not while we hang.
    libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)


async def serve(
    settings: WorkerSettings,
    read_fd: int,
    write_fd: int,
    make: Callable[[WorkerSettings, Emit, Misfits], Server],
) -> ExitCode:
    """Be a worker on these pipe ends until the supervisor hangs up."""
    channel = Channel()
    server = make(settings, channel.emit, channel.misfits)
    await channel.open(read_fd, write_fd, server.handlers())
    try:
        await server.start()
    except (MediadError, OSError) as error:
        failure = error if isinstance(error, MediadError) else MediadError(str(error))
        reason = f"worker {settings.worker_id}: {failure}"
        channel.emit(WorkerFailed(failure.code, reason))
        await channel.close()
        return exit_code_for(failure)
    gc.freeze()  # what is there now stays: looking through it again and again would hold up the loop
    try:
        channel.emit(WorkerReady(os.getpid(), __version__, PIPE_VERSION))
        await channel.wait_end()
        return ExitCode.OK
    finally:
        server.close()
        await channel.close()
