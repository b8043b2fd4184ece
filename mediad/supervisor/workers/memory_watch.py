"""A worker's memory against its limit: what is done when, by pure reckoning.

Who makes a worker grow must not end the calls of others on it. So before the limit is reached nothing new is
let in, and everybody is told so. What is there may still grow: when that goes over the limit, the room that
holds most has to go, and another every RELIEF_S. Only a worker that stays over its limit for REPLACE_S all
the same is replaced: then it is no room's doing.
"""

from __future__ import annotations

from enum import Enum

SHORT, ENOUGH = 0.85, 0.8
"""Of the limit: nothing new from here on, and again below there."""

RELIEF_S = 10.0
REPLACE_S = 60.0


class Measure(Enum):
    NOTHING = "nothing"
    TRIM = "trim"
    """Ask the worker to give back what it does not use."""
    RELIEVE = "relieve"
    """Close the room that holds most."""
    REPLACE = "replace"


class MemoryWatch:
    """Of one process."""

    def __init__(self) -> None:
        self.short = False
        """Nothing new may be let in."""
        self._over_since_s: float | None = None
        self._relieved_s = 0.0

    def look(self, rss_bytes: int, limit_bytes: int, now_s: float) -> Measure:
        """What is to be done about it now; a limit of 0 is none."""
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
