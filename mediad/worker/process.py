"""The life of a worker process, whatever it serves: start, report, answers until the pipe ends, exit.

The supervisor decides when a worker ends, by closing its pipe or with SIGKILL. So the signals of a terminal
or of systemd, which reach the whole group, are ignored; and when the supervisor dies, the kernel kills the
worker.
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
from mediad.confinement.report import Confinement
from mediad.errors import MediadError, PortError
from mediad.exit_codes import ExitCode, exit_code_for
from mediad.heap import resident_bytes
from mediad.pipe.channel import Channel
from mediad.pipe.events import WorkerFailed, WorkerReady
from mediad.pipe.messages import Event, Handler
from mediad.pipe.misfits import Misfits
from mediad.protocols.envelope import PIPE_VERSION

OOM_SCORE_ADJUST = 500
"""The adjustment of proc(5): a process at 1000 is killed first when memory is short, one at -1000 never."""

_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15  # prctl(2)

Emit = Callable[[Event], None]


class Server(Protocol):
    """The server of a worker process: `mediad.worker.server.WorkerServer`."""

    async def start(self) -> None:
        """Bind the ports. Raises MediadError when that fails; then nothing is left open."""
        ...

    def handlers(self) -> Iterable[Handler]:
        """Return the handler of each request."""
        ...

    def close(self) -> None:
        """Close every transport, tell its client, and free everything."""
        ...


def settle_in(worker_id: int) -> None:
    """Make this process a worker: crash reports, signals, name, and an end with the supervisor's end."""
    faulthandler.enable()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    with contextlib.suppress(OSError):  # when memory is short the kernel shall kill a worker, not the daemon
        Path("/proc/self/oom_score_adj").write_text(str(OOM_SCORE_ADJUST))
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_NAME, f"mediad-w{worker_id}".encode(), 0, 0, 0)
    # The end of the pipe tells a worker too, but not one that hangs.
    libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    resident_bytes()  # opens its file, which a confined process may not


async def serve(
    settings: WorkerSettings,
    read_fd: int,
    write_fd: int,
    make: Callable[[WorkerSettings, Emit, Misfits], Server],
    confinement: Confinement | None = None,
) -> ExitCode:
    """Serve on these pipe ends until the supervisor closes its own; return the exit code of the process."""
    channel = Channel()
    server = make(settings, channel.emit, channel.misfits)
    await channel.open(read_fd, write_fd, server.handlers())
    try:
        await server.start()
    except (MediadError, OSError) as error:
        failure = error if isinstance(error, MediadError) else MediadError(str(error))
        reason = f"worker {settings.worker_id}: {failure}"
        taken = failure.taken if isinstance(failure, PortError) else None
        channel.emit(WorkerFailed(failure.code, reason, *(taken or ())))
        await channel.close()
        return exit_code_for(failure)
    gc.freeze()  # these objects stay: looking through them at each collection would hold up the loop
    try:
        channel.emit(WorkerReady(os.getpid(), __version__, PIPE_VERSION, confinement))
        await channel.wait_end()
        return ExitCode.OK
    finally:
        server.close()
        await channel.close()
