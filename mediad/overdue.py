"""Deadlines of those who have yet to do something: the same time for each.

Sans-I/O: times come in as microseconds, and `get_timer` says when to look again. The cost of a call does not
depend on how many wait.
"""

from __future__ import annotations

from typing import Generic, TypeVar

Who = TypeVar("Who")


class Overdue(Generic[Who]):
    """The deadlines, each `limit_us` after its beginning."""

    def __init__(self, limit_us: int) -> None:
        self._limit_us = limit_us
        self._deadlines_us: dict[Who, int] = {}  # in the order of their ends, since all have the same time

    def __len__(self) -> int:
        return len(self._deadlines_us)

    def expect(self, who: Who, now_us: int) -> None:
        """Start the time of `who`, anew when it was running already."""
        self._deadlines_us.pop(who, None)
        self._deadlines_us[who] = now_us + self._limit_us

    def met(self, who: Who) -> None:
        """Forget `who`, who has done it, or need not any more."""
        self._deadlines_us.pop(who, None)

    def get_timer(self) -> int | None:
        """The time at which `take_due` will return something; None for never."""
        return next(iter(self._deadlines_us.values()), None)

    def take_due(self, now_us: int) -> list[Who]:
        """Remove and return those whose time is over, the longest overdue first."""
        due = []
        for who, deadline_us in self._deadlines_us.items():
            if deadline_us > now_us:
                break
            due.append(who)
        for who in due:
            del self._deadlines_us[who]
        return due
