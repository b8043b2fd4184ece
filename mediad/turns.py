"""Long pieces of work on one event loop: one in each of its turns, and everything else in between."""

from __future__ import annotations

import asyncio
from collections import deque


class Turns:
    """Whoever has much to do takes a turn before each slice of it, and keeps the slice to a few milliseconds.

    They are served in the order they asked. However many there are, what else happens on the loop waits for
    one slice at most.
    """

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._taken = False

    async def take(self) -> None:
        """Return in a turn of the loop that belongs to the caller, until its next suspension."""
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        self._waiting.append(turn)
        if not self._taken:
            self._taken = True
            loop.call_soon(self._give)
        await turn

    def _give(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():  # else its asker was cancelled
                turn.set_result(None)
                asyncio.get_running_loop().call_soon(self._give)  # after the asker has run
                return
        self._taken = False
