"""A worker's memory compared with its limit, and what to do: pure decisions.

A client that makes a worker grow must not end the calls of others on it. So before the limit is reached,
nothing new is accepted, and clients are told so. What is there may still grow: above the limit, the room that
holds most is closed, and another one every RELIEF_S. A worker that stays above its limit for REPLACE_S all
the same is replaced: no room is the reason then.
"""

from __future__ import annotations

from enum import Enum

SHORT, ENOUGH = 0.85, 0.8
"""Shares of the limit: above SHORT nothing new is accepted, below ENOUGH it is again."""

RELIEF_S = 10.0
REPLACE_S = 60.0


class Measure(Enum):
    NOTHING = "nothing"
    TRIM = "trim"
    """Ask the worker to give back unused memory."""
    RELIEVE = "relieve"
    """Close the room that holds most."""
    REPLACE = "replace"


class MemoryWatch:
    """The memory of one process over time."""

    def __init__(self) -> None:
        self.short = False
        """True while nothing new may be accepted."""
        self._over_since_s: float | None = None
        self._relieved_s = 0.0

    def look(self, rss_bytes: int, limit_bytes: int, now_s: float) -> Measure:
        """The action to take now; a limit of 0 is none."""
        if limit_bytes <= 0:
            self.short, self._over_since_s = False, None
            return Measure.NOTHING
        was_short = self.short
        self.short = rss_bytes >= (ENOUGH if was_short else SHORT) * limit_bytes
        if rss_bytes <= limit_bytes:
            self._over_since_s = None
            return Measure.TRIM if self.short and not was_short else Measure.NOTHING
        if self._over_since_s is None:
            self._over_since_s = self._relieved_s = now_s
            return Measure.TRIM
        if now_s - self._over_since_s >= REPLACE_S:
            return Measure.REPLACE
        if now_s - self._relieved_s >= RELIEF_S:
            self._relieved_s = now_s
            return Measure.RELIEVE
        return Measure.NOTHING
