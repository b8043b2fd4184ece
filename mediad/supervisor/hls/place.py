"""The place of HLS segments: a directory of this daemon's own, in memory, that goes with it."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from mediad.errors import Unavailable

_SHARED_MEMORY = "/dev/shm"
_PREFIX = "mediad-hls-"


def parent_of(setting: str | None, environ: Mapping[str, str]) -> Path:
    """Return the directory to make it in: of the settings, else a run-time one, else shared memory.

    All but the first are in memory (tmpfs) where systemd or a Linux distribution set the machine up.
    """
    runtime = environ.get("RUNTIME_DIRECTORY", "").split(":")[0] or environ.get("XDG_RUNTIME_DIR", "")
    return Path(setting or runtime or _SHARED_MEMORY)


def prepare(setting: str | None, environ: Mapping[str, str]) -> Path:
    """Make the directory and return it; remove those of daemons that were killed.

    Raises Unavailable with what is wrong.
    """
    parent = parent_of(setting, environ)
    path = parent / f"{_PREFIX}{os.getpid()}"
    try:
        for left in parent.glob(f"{_PREFIX}*"):
            if left != path and not _runs(left.name.removeprefix(_PREFIX)):
                shutil.rmtree(left, ignore_errors=True)
        path.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise Unavailable(
            f"there is no place for HLS segments: {path}: {error.strerror}; set hls_dir"
        ) from None
    return path


def remove(path: Path) -> None:
    """Remove a directory with all that is in it; one that is gone already is no error."""
    with contextlib.suppress(OSError):
        shutil.rmtree(path)


def _runs(pid: str) -> bool:
    return not pid.isdigit() or Path("/proc", pid).exists()
