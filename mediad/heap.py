"""The C library's heap: freed memory is given back to the kernel, which the library does not do by itself."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import gc
import os
from collections.abc import Callable

from mediad.clock import Clock, Timer

FIRST_PAUSE_S, LONGEST_PAUSE_S = 10.0, 60.0
"""The pause between two checks; it grows each time nothing could be given back, because all is in use."""

NOTEWORTHY_BYTES = 4 * 1024 * 1024
"""The growth above the process's least size that makes a trim worth while: it takes some milliseconds."""


class HeapKeeper:
    """Checks the process's memory now and then, and gives unused memory back."""

    def __init__(
        self,
        give: Callable[[], None],
        clock: Clock,
        *,
        rss_bytes: Callable[[], int] | None = None,
    ) -> None:
        """Prepare. `give` is `trim_heap`, or `collect_and_trim` where a pause of some 10 ms does no harm."""
        self._give = give
        self._rss_bytes = rss_bytes or resident_bytes
        self._clock = clock
        self._least_bytes = self._rss_bytes()
        self._timer: Timer | None = None
        self.pause_s = FIRST_PAUSE_S
        """The time until the next check."""

    def start(self) -> None:
        """Check from now on. Call it on the event loop."""
        self._timer = self._clock.call_at(self._clock.now_us() + round(self.pause_s * 1e6), self._look_on)

    def stop(self) -> None:
        """Stop checking."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def look(self) -> None:
        """Check once: give back memory when it may be too much, and choose the pause until the next check."""
        before_bytes = self._rss_bytes()
        after_bytes = before_bytes
        if before_bytes > self._least_bytes + NOTEWORTHY_BYTES:
            self._give()
            after_bytes = self._rss_bytes()
        in_vain = after_bytes > before_bytes - NOTEWORTHY_BYTES // 4
        self.pause_s = min(self.pause_s * 2, LONGEST_PAUSE_S) if in_vain else FIRST_PAUSE_S
        if after_bytes <= self._least_bytes + NOTEWORTHY_BYTES:
            self.pause_s = FIRST_PAUSE_S
        self._least_bytes = min(self._least_bytes, after_bytes)

    def _look_on(self) -> None:
        self.look()
        self.start()


def trim_heap() -> None:
    """Give back every free page of the C heap, by malloc_trim(3); without it in the C library do nothing."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


def collect_and_trim() -> None:
    """Collect objects that only reference circles hold, then give free memory back."""
    gc.collect()
    trim_heap()


def resident_bytes() -> int:
    """The memory of this process that is in RAM, in bytes.

    The file in /proc stays open from the first call on: a process that confines itself calls this before, and
    may not open the file any more.
    """
    _, resident_pages, *_ = os.pread(_statm(os.getpid()), 256, 0).split()
    return int(resident_pages) * os.sysconf("SC_PAGE_SIZE")


@functools.cache
def _statm(pid: int) -> int:
    return os.open(f"/proc/{pid}/statm", os.O_RDONLY | os.O_CLOEXEC)
