"""Limits of time: what takes longer fails, and says what every process of the tests was doing then.

The main thread is interrupted wherever it waits: for a process, a socket, a lock, an event loop, a browser.
When it then waits again, while it takes down what the test has built, it is interrupted again. Native code
that keeps the GIL cannot be interrupted; pytest's `faulthandler_timeout` shows where that is.

pytest-timeout would not do: it stops its clock at the first failure, and closing a browser that hangs is what
comes then; and on uvloop its failure is logged by the loop, which goes on.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic as _clock  # tests put clocks of their own into the module time
from types import FrameType

import psutil
import pytest

AGAIN_S = 20.0
"""The time after which what is still there beyond its limit is interrupted again."""
PY_SPY = Path(sys.executable).parent / "py-spy"
PY_SPY_TIMEOUT_S = 10.0
MOST_STACKS = 12
LOG_BYTES = 4_000


@dataclass(eq=False)
class _Limit:
    what: str
    seconds: float
    end: float


class _Interruption(pytest.fail.Exception, KeyboardInterrupt):  # type: ignore[misc, name-defined]
    """A failure that goes through event loops: they keep what callbacks raise, but no KeyboardInterrupt."""


_limits: list[_Limit] = []
"""Limits in force, the outermost first."""


@contextmanager
def time_limit(seconds: float, what: str) -> Iterator[None]:
    """Fail the test when the block takes longer; `what` is its name.

    To be used in the main thread. Limits may be nested.
    """
    depth = len(_limits)
    _limits.append(_Limit(what, seconds, _clock() + seconds))
    _arm()
    try:
        yield
    except _Interruption as interruption:
        # pytest would end the whole run after a KeyboardInterrupt
        raise pytest.fail.Exception(interruption.msg).with_traceback(interruption.__traceback__) from None
    finally:
        del _limits[depth:]
        _arm()


def _arm() -> None:
    if not _limits:
        signal.setitimer(signal.ITIMER_REAL, 0)
        return
    signal.signal(signal.SIGALRM, _interrupt)
    first = min(limit.end for limit in _limits)
    signal.setitimer(signal.ITIMER_REAL, max(first - _clock(), 0.001))


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    now = _clock()
    late = [limit for limit in _limits if limit.end <= now]
    if not late:
        _arm()
        return
    told = "\n".join((describe_threads(), describe_processes()))
    for limit in late:
        limit.end = _clock() + AGAIN_S
    _arm()
    raise _Interruption(f"{late[-1].what} took longer than {late[-1].seconds:g} s\n{told}")


def describe_threads() -> str:
    """Describe where all threads but this one are."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    others = {at: frame for at, frame in sys._current_frames().items() if at != threading.get_ident()}
    return "\n".join(
        f"--- thread {names.get(at, at)}\n{''.join(traceback.format_stack(frame))}"
        for at, frame in others.items()
    )


def describe_processes() -> str:
    """Describe the processes that the tests have started: Python's with stacks and the end of their logs."""
    lines, stacks = ["--- processes"], []
    for process in psutil.Process().children(recursive=True):
        try:
            used_s = sum(process.cpu_times()[:2])
            command = process.cmdline()
            lines.append(
                f"{process.pid} {process.status()}, {used_s:.1f} s of CPU: {' '.join(command)[:160]}"
            )
            if "python" in Path(process.exe()).name:
                stacks.append(process.pid)
        except psutil.Error as error:
            lines.append(str(error))
    stacks = stacks[:MOST_STACKS]
    logs = dict.fromkeys(log for pid in stacks if (log := _log(pid)) is not None)
    return "\n".join((*lines, *map(_stacks, stacks), *map(_end, logs)))


def _stacks(pid: int) -> str:
    try:
        dump = subprocess.run(
            [PY_SPY, "dump", "--pid", str(pid)], capture_output=True, text=True, timeout=PY_SPY_TIMEOUT_S
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"--- stacks of {pid}: {error}"
    return f"--- stacks of {pid}\n{dump.stdout or dump.stderr}"


def _log(pid: int) -> Path | None:
    """Return the file that a process writes its log to; None when that is no file."""
    try:
        log = Path(f"/proc/{pid}/fd/2").readlink()
    except OSError:  # it has ended
        return None
    return log if log.is_file() else None


def _end(log: Path) -> str:
    return f"--- end of {log}\n{log.read_bytes()[-LOG_BYTES:].decode(errors='replace')}"
