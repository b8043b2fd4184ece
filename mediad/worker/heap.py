"""Giving memory back to the kernel: by itself the C library keeps what was freed."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
from collections.abc import Callable

QUIET_S = 3.0
"""Without anything being freed: whoever frees much is done then."""

PATIENCE_S = 30.0
"""Memory is given back after this long, also where it never gets quiet."""

ENOUGH = 500
"""Objects freed (clients, transports and the like) that make it worth the while: some megabytes."""


def trim_heap() -> None:
    """Give back every page of the C heap that is free; does nothing where the C library cannot."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


class Trimmer:
    """Trims the heap when much was freed and it is quiet again: that takes a few milliseconds."""

    def __init__(self, trim: Callable[[], None] = trim_heap) -> None:
        self._trim = trim
        self._freed = 0
        self._last_s = self._first_s = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def freed(self, objects: int = 1) -> None:
        """So many were just let go. Call it on the event loop."""
        loop = asyncio.get_running_loop()
        self._last_s = loop.time()
        if not self._freed:
            self._first_s = self._last_s
        self._freed += objects
        if self._timer is None and self._freed >= ENOUGH:
            self._timer = loop.call_later(QUIET_S, self._look)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        quiet_at_s = min(self._last_s + QUIET_S, self._first_s + PATIENCE_S)
        if loop.time() < quiet_at_s:
            self._timer = loop.call_at(quiet_at_s, self._look)
            return
        self._timer = None
        self._freed = 0
        self._trim()
