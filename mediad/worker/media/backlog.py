"""Commands that found the ring to the media thread full: they wait in order, and so does all that comes
after.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable

RETRY_S = 0.001

logger = logging.getLogger(__name__)

Action = Callable[[], object]
Wrong = Callable[[str], None]


class Backlog:
    """`do` acts now, or behind all that waits since an action found no room (BlockingIOError)."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Action, Wrong | None]] = deque()

    def do(self, action: Action, wrong: Wrong | None = None) -> None:
        """Raises what is wrong with the action, if it is tried at once; later `wrong` is told instead."""
        if not self._waiting:
            try:
                action()
                return
            except BlockingIOError:
                asyncio.get_running_loop().call_later(RETRY_S, self._retry)
        self._waiting.append((action, wrong))

    def push(self) -> None:
        """As much as there is room for."""
        while self._waiting:
            action, wrong = self._waiting[0]
            try:
                action()
            except BlockingIOError:
                return
            except (ValueError, OverflowError) as error:
                logger.exception("a delayed command was wrong")
                if wrong is not None:
                    wrong(str(error))
            self._waiting.popleft()

    def _retry(self) -> None:
        self.push()
        if self._waiting:
            asyncio.get_running_loop().call_later(RETRY_S, self._retry)
