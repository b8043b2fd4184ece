"""Turns for long pieces of work on one event loop: one slice in each turn of the loop."""

from __future__ import annotations

import asyncio
from collections import deque


class Turns:
    """The turns of callers with much to do: each takes one before every slice of a few milliseconds.

    They are served in the order they asked. However many there are, everything else on the loop waits for one
    slice at most.
    """

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._taken = False

    async def take(self) -> None:
        """Return in a turn of the loop that belongs to the caller, until it is next suspended."""
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
            if not turn.done():  # else its caller was cancelled
                turn.set_result(None)
                asyncio.get_running_loop().call_soon(self._give)  # after the caller has run
                return
        self._taken = False
