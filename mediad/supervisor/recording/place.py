"""The place of recordings: which directory, and whether files can be written there."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping

from mediad.config.settings import Settings
from mediad.errors import InvalidInput, InvalidState, Unavailable


def directory_of(settings: Settings, environ: Mapping[str, str]) -> str:
    """Return the directory of recordings: of the settings, or `recordings` in systemd's $STATE_DIRECTORY.

    Raises InvalidState where there is neither.
    """
    if settings.recording_dir is not None:
        return settings.recording_dir
    state = environ.get("STATE_DIRECTORY", "").split(":")[0]
    if not state:
        raise InvalidState("there is no place for recordings: set recording_dir to a directory")
    return f"{state}/recordings"


def require_absolute(directory: str) -> str:
    """Return the directory. Raises InvalidInput for a path that depends on where a process runs."""
    if not directory.startswith("/") or "\0" in directory:
        raise InvalidInput("the directory of a recording must be an absolute path")
    return directory


def prepare(settings: Settings, environ: Mapping[str, str], directory: str) -> None:
    """Make sure that files can be written to the directory; make the default one when it is missing.

    Raises Unavailable with what is wrong. It waits for the disk: call it in a thread.
    """
    if settings.recording_dir is None and directory == _default(environ):
        with contextlib.suppress(OSError):
            os.mkdir(directory, 0o700)
    problem = problem_of(directory, settings.recording_min_free_bytes)
    if problem is not None:
        raise Unavailable(problem)


def problem_of(directory: str, min_free_bytes: int) -> str | None:
    """Return why nothing can be recorded to the directory; None when it can. It waits for the disk."""
    if not os.path.isdir(directory):
        return f"{directory} is no directory: make it, or change recording_dir"
    if not os.access(directory, os.W_OK | os.X_OK):
        return (
            f"mediad may not write to {directory}: change its owner or mode, or ReadWritePaths= of the unit"
        )
    free = free_bytes(directory)
    if free < min_free_bytes:
        return (
            f"{directory} has {free >> 20} MiB free, less than recording_min_free_bytes "
            f"({min_free_bytes >> 20} MiB): delete old recordings"
        )
    return None


def free_bytes(directory: str) -> int:
    """Return the bytes that mediad may still write on the directory's disk; 0 when it cannot be asked."""
    try:
        disk = os.statvfs(directory)
    except OSError:
        return 0
    return disk.f_bavail * disk.f_frsize


def _default(environ: Mapping[str, str]) -> str:
    return f"{environ.get('STATE_DIRECTORY', '').split(':')[0]}/recordings"
