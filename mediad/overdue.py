"""Who has yet to do something, and by when: everybody gets the same time for it.

Sans-I/O: moments come in as microseconds, and `get_timer` says when to look again. What a call costs does not
depend on how many wait.
"""

from __future__ import annotations

from typing import Generic, TypeVar

Who = TypeVar("Who")


class Overdue(Generic[Who]):
    """`limit_us` is what everybody gets."""

    def __init__(self, limit_us: int) -> None:
        self._limit_us = limit_us
        self._deadlines_us: dict[Who, int] = {}  # in the order they fall due, since all get the same time

    def __len__(self) -> int:
        return len(self._deadlines_us)

    def expect(self, who: Who, now_us: int) -> None:
        """Its time begins now, also when it was running already."""
        self._deadlines_us.pop(who, None)
        self._deadlines_us[who] = now_us + self._limit_us

    def met(self, who: Who) -> None:
        """It has done it, or is no longer expected to."""
        self._deadlines_us.pop(who, None)

    def get_timer(self) -> int | None:
        """When `take_due` will have something to return; None for never."""
        return next(iter(self._deadlines_us.values()), None)

    def take_due(self, now_us: int) -> list[Who]:
        """Those whose time is over, the longest overdue first; they are no longer expected."""
        due = []
        for who, deadline_us in self._deadlines_us.items():
            if deadline_us > now_us:
                break
            due.append(who)
        for who in due:
            del self._deadlines_us[who]
        return due
