"""Speakers: the loudest producer of a router, and the silence after it."""

from __future__ import annotations

INTERVAL_US = 800_000
THRESHOLD_DBOV = -80
_QUIET_INTERVALS = 2
"""Levels come at the pace of decisions: one empty interval may only mean that a level came late."""


class SpeakerWatch:
    """The levels heard during an interval; `decide` ends it."""

    def __init__(self) -> None:
        self._levels: dict[str, int] = {}
        self._quiet = _QUIET_INTERVALS

    def heard(self, producer_id: str, dbov: int) -> None:
        """Note how loud a producer is, in dBov."""
        if dbov >= THRESHOLD_DBOV:
            self._levels[producer_id] = max(dbov, self._levels.get(producer_id, dbov))

    def forget(self, producer_id: str) -> None:
        """Leave a producer that is closed out of the decision."""
        self._levels.pop(producer_id, None)

    def decide(self) -> tuple[str | None, int] | None:
        """Return (loudest producer, dBov), once (None, 0) after it fell silent, None when nothing is new."""
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
        """Whether nothing was heard for so long that only a new sound can bring news."""
        return not self._levels and self._quiet >= _QUIET_INTERVALS
