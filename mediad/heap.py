"""Gives freed memory back to the kernel: the C library keeps what was freed, in case it is wanted again."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
from collections.abc import Callable

import psutil

FIRST_PAUSE_S, LONGEST_PAUSE_S = 10.0, 60.0
"""Between two looks: longer each time that nothing could be given back, because it is in use."""

NOTEWORTHY_BYTES = 4 * 1024 * 1024
"""Above the least the process has ever had. Giving back takes some milliseconds."""


class MemoryKeeper:
    """Looks at the process's memory now and then, and gives back what is not in use."""

    def __init__(
        self, rss_bytes: Callable[[], int] | None = None, give: Callable[[], None] | None = None
    ) -> None:
        self._rss_bytes = rss_bytes or _rss_bytes
        self._give = give or give_back
        self._least_bytes = self._rss_bytes()
        self._looking: asyncio.Task[None] | None = None
        self.pause_s = FIRST_PAUSE_S
        """Until the next look."""

    def start(self) -> None:
        self._looking = asyncio.create_task(self._keep_looking())

    async def stop(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    def look(self) -> None:
        """Once."""
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

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(self.pause_s)
            self.look()


def give_back() -> None:
    """Collect what only circles hold, then malloc_trim(3) where the C library has it."""
    gc.collect()
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


def _rss_bytes() -> int:
    return int(psutil.Process().memory_info().rss)
