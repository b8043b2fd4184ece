"""Speakers: the loudest producer of a router, and the silence after it."""

from __future__ import annotations

INTERVAL_US = 800_000
THRESHOLD_DBOV = -80
_QUIET_INTERVALS = 2
"""Intervals without a level after which silence is told: after one, a level may only have come late."""


class SpeakerWatch:
    """The audio levels of an interval; `decide` ends it."""

    def __init__(self) -> None:
        self._levels: dict[str, int] = {}
        self._quiet = _QUIET_INTERVALS

    def heard(self, producer_id: str, dbov: int) -> None:
        """Note the level of a producer, in dBov."""
        if dbov >= THRESHOLD_DBOV:
            self._levels[producer_id] = max(dbov, self._levels.get(producer_id, dbov))

    def forget(self, producer_id: str) -> None:
        """Leave a producer that is closed out of the decision."""
        self._levels.pop(producer_id, None)

    def decide(self) -> tuple[str | None, int] | None:
        """Return (loudest producer, dBov), (None, 0) once after it fell silent, or None for no change."""
        if self._levels:
            self._quiet = 0
            loudest = max(self._levels, key=lambda producer_id: self._levels[producer_id])
            volume = self._levels[loudest]
            self._levels.clear()
            return loudest, volume
        self._quiet = min(self._quiet + 1, _QUIET_INTERVALS + 1)
        return (None, 0) if self._quiet == _QUIET_INTERVALS else None

    @property
    def idle(self) -> bool:
        """True when silence was told and only a new level can change the decision."""
        return not self._levels and self._quiet >= _QUIET_INTERVALS
