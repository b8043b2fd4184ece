"""Files that hold secrets: whoever else can read one, of the users of this machine, could be us."""

from __future__ import annotations

import contextlib
import os
import shlex
import stat
import tempfile
from pathlib import Path

_OF_THIS_CONTAINER = Path("/run/secrets")
"""The place where runtimes put secrets into a container, readable for all in it: nobody else is there."""


def exposure(path: str) -> str | None:
    """Return why a file is no secret, and what to do: others can read or change it. None when they cannot.

    A group may read it, as that of systemd's credentials or of certificates, and a directory above it that
    others may not enter protects it too. A file that cannot be looked at has an error of its own elsewhere.
    """
    try:
        real = Path(path).resolve(strict=True)
        mode = real.stat().st_mode
        if not mode & (stat.S_IROTH | stat.S_IWOTH | stat.S_IWGRP) or _OF_THIS_CONTAINER in real.parents:
            return None
        closed = any(not above.stat().st_mode & stat.S_IXOTH for above in real.parents)
    except OSError:
        return None
    if closed or not stat.S_ISREG(mode):
        return None
    able = "change" if mode & (stat.S_IWOTH | stat.S_IWGRP) else "read"
    who = "every user" if mode & (stat.S_IROTH | stat.S_IWOTH) else "every user of its group"
    return f"{who} can {able} it: chmod {stat.S_IMODE(mode) & 0o640:o} {shlex.quote(path)}"


def replace_file(path: Path, data: bytes, *, durable: bool) -> None:
    """Write a file that only this user may read from its first byte on; it is whole, or as it was before.

    With `durable` a power cut changes nothing of that, and whoever calls waits for the disk. Raises OSError
    when the file is as it was.
    """
    fd, draft = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        Path(draft).replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            Path(draft).unlink()
        raise
