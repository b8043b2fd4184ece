"""Backlog: commands to the media thread that wait, in order, because the ring to it was full."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable

from mediad.clock import Clock

RETRY_US = 1_000

logger = logging.getLogger(__name__)

Action = Callable[[], object]
OnWrong = Callable[[str], None]
"""A function that is told why an action was wrong."""


class Backlog:
    """Actions done in order: at once, or, after one that found the ring full (BlockingIOError), later."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: deque[tuple[Action, OnWrong | None]] = deque()

    def do(self, action: Action, on_wrong: OnWrong | None = None) -> None:
        """Do an action, now or when there is room.

        Raises the action's own error when it is done at once; `on_wrong` is told of a later one.
        """
        if not self._waiting:
            try:
                action()
                return
            except BlockingIOError:
                self._retry_later()
        self._waiting.append((action, on_wrong))

    def push(self) -> None:
        """Do as many waiting actions as there is room for."""
        while self._waiting:
            action, on_wrong = self._waiting[0]
            try:
                action()
            except BlockingIOError:
                return
            except (ValueError, OverflowError) as error:
                logger.exception("a command for the media thread was wrong and is left out: a bug in mediad")
                if on_wrong is not None:
                    on_wrong(str(error))
            self._waiting.popleft()

    def _retry_later(self) -> None:
        self._clock.call_at(self._clock.now_us() + RETRY_US, self._retry)

    def _retry(self) -> None:
        self.push()
        if self._waiting:
            self._retry_later()
