"""Work nobody waits for: kept alive until it is done, and countable when the daemon stops."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from mediad.turns import Turns


class Background:
    """Tasks that own themselves. The event loop alone would hold them only weakly."""

    def __init__(self) -> None:
        self.turns = Turns()
        """For work that takes long, of which one room's may not hold up another's."""
        self._tasks: set[asyncio.Task[None]] = set()

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settled(self) -> None:
        """Wait until nothing runs any more, including what was started meanwhile."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))
