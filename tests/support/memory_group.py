"""A control group with little memory, for a process that is to run out of it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_ROOTS = (
    (Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes"),  # version 1
    (Path("/sys/fs/cgroup"), "memory.max"),
)


def available() -> bool:
    """True when this process may make such a group."""
    return _root() is not None


def _root() -> tuple[Path, str] | None:
    for root, limit in _ROOTS:
        place = root / f"mediad-probe-{os.getpid()}"
        with suppress(OSError):
            place.mkdir()
            found = (place / limit).exists() and os.access(place / limit, os.W_OK)
            place.rmdir()
            if found:
                return root, limit
    return None


@contextmanager
def memory_group(limit_bytes: int) -> Iterator[Path]:
    """A group whose processes may allocate so much from then on; write a pid to `cgroup.procs` in it."""
    found = _root()
    assert found is not None, "see available()"
    root, limit = found
    place = root / f"mediad-test-{os.getpid()}"
    place.mkdir()
    (place / limit).write_text(str(limit_bytes))
    try:
        yield place
    finally:
        for _ in range(100):  # its last process may still be on its way out
            with suppress(OSError):
                place.rmdir()
                break
            time.sleep(0.05)
