"""Backlog: commands that found the ring to the media thread full, and all that came after them, in order."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable

from mediad.clock import Clock

RETRY_US = 1_000

logger = logging.getLogger(__name__)

Action = Callable[[], object]
Wrong = Callable[[str], None]


class Backlog:
    """Actions in order, done now or behind all that waits since one found no room (BlockingIOError)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: deque[tuple[Action, Wrong | None]] = deque()

    def do(self, action: Action, wrong: Wrong | None = None) -> None:
        """Act or wait. Raises what is wrong with an action tried at once; of a later one `wrong` is told."""
        if not self._waiting:
            try:
                action()
                return
            except BlockingIOError:
                self._retry_later()
        self._waiting.append((action, wrong))

    def push(self) -> None:
        """Do as much as there is room for."""
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

    def _retry_later(self) -> None:
        self._clock.call_at(self._clock.now_us() + RETRY_US, self._retry)

    def _retry(self) -> None:
        self.push()
        if self._waiting:
            self._retry_later()
