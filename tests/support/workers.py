"""Commands that start the tiny worker, and looks at what processes are left."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

import psutil

TINY = str(Path(__file__).with_name("tiny_worker.py"))


def tiny(mode: str = "ready", script: str = TINY) -> tuple[str, ...]:
    """The command of a tiny worker, or recorder; run from the checkout, so that it finds mediad."""
    root = str(Path(__file__).parents[2])
    return (
        sys.executable,
        "-c",
        f"import sys, runpy; sys.path.insert(0, {root!r}); sys.argv[0] = {script!r};"
        f"runpy.run_path({script!r}, run_name='__main__')",
        "--mode",
        mode,
    )


def alive(pid: int) -> bool:
    """True when the process still runs; a zombie does not."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    return False


def open_fds() -> int:
    return len(os.listdir("/proc/self/fd"))
