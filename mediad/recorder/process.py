"""The life of a recorder process: start, answers until the pipe ends, whole files, exit.

Unlike a worker it is not killed with the supervisor: it finishes its files then, which the end of the pipe
asks it to, as SIGTERM does. It must cost the call nothing. So its priority is low, and when memory is short
the kernel shall end it before any worker.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import faulthandler
import os
import signal
from pathlib import Path

import psutil

from mediad.exit_codes import ExitCode
from mediad.heap import resident_bytes
from mediad.pipe.channel import Channel
from mediad.recorder.server import RecorderServer

OOM_SCORE_ADJUST = 800
"""The adjustment of proc(5); a worker has 500."""

NICENESS = 10

_PR_SET_NAME = 15  # prctl(2)


def settle_in() -> None:
    """Make this process a recorder: crash reports, signals, name, low priority."""
    faulthandler.enable()
    for number in (signal.SIGINT, signal.SIGHUP):  # they reach the whole group; the supervisor decides
        signal.signal(number, signal.SIG_IGN)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(str(OOM_SCORE_ADJUST))
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)  # not os.nice(): the supervisor sets it, too
    with contextlib.suppress(psutil.Error, OSError):
        psutil.Process().ionice(psutil.IOPRIO_CLASS_BE, 7)
    ctypes.CDLL(None).prctl(_PR_SET_NAME, b"mediad-rec", 0, 0, 0)
    resident_bytes()  # opens its file, which a confined process may not


async def serve(read_fd: int, write_fd: int) -> ExitCode:
    """Serve on these pipe ends until the pipe ends or SIGTERM comes; return the process's exit code."""
    channel = Channel()
    server = RecorderServer(channel.emit)
    terminated = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, terminated.set)
    await channel.open(read_fd, write_fd, server.handlers())
    ends = [asyncio.create_task(channel.wait_end()), asyncio.create_task(terminated.wait())]
    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    for end in ends:
        end.cancel()
    await server.close()
    await channel.close()
    return ExitCode.OK
