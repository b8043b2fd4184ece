"""Background work, which nobody waits for: kept alive until it is done, and awaited when the daemon stops."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from mediad.turns import Turns


class Background:
    """Tasks that run to their end without an owner. The event loop alone would hold them only weakly."""

    def __init__(self) -> None:
        self.turns = Turns()
        """The turns of long work, by which one room does not hold up another."""
        self._tasks: set[asyncio.Task[None]] = set()

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settled(self) -> None:
        """Wait until nothing runs any more, including what was started meanwhile."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))
