"""Volumes: the mean audio level of each producer during an interval, and the silence after all of them."""

from __future__ import annotations

MIN_PACKETS = 10
"""The packets of an interval below which a producer counts as silent, as one does that sends Opus DTX."""
MOST = 10
"""The producers that are told at most, the loudest ones."""
_QUIET_INTERVALS = 2
"""Intervals without a level after which silence is told: after one, a level may only have come late."""


class Volumes:
    """The audio levels of an interval; `decide` ends it."""

    def __init__(self) -> None:
        self._sums: dict[str, tuple[int, int]] = {}  # packets, and their levels added up
        self._quiet = _QUIET_INTERVALS

    def heard(self, producer_id: str, packets: int, dbov_sum: int) -> None:
        """Note the levels of some packets of a producer, added up, in dBov."""
        before = self._sums.get(producer_id, (0, 0))
        self._sums[producer_id] = before[0] + packets, before[1] + dbov_sum

    def forget(self, producer_id: str) -> None:
        """Leave a producer that is closed or paused out of the decision."""
        self._sums.pop(producer_id, None)

    def decide(self, threshold_dbov: int) -> list[tuple[str, int]] | None:
        """Return the producers not below the threshold with their volume in dBov, loudest first.

        [] is returned once after all fell silent, None for no change.
        """
        means = [
            (producer_id, -(-dbov_sum // packets))
            for producer_id, (packets, dbov_sum) in self._sums.items()
            if packets >= MIN_PACKETS
        ]
        self._sums.clear()
        heard = [mean for mean in means if mean[1] >= threshold_dbov]
        if heard:
            self._quiet = 0
            return sorted(heard, key=lambda mean: -mean[1])[:MOST]
        self._quiet = min(self._quiet + 1, _QUIET_INTERVALS + 1)
        return [] if self._quiet == _QUIET_INTERVALS else None

    @property
    def idle(self) -> bool:
        """True when silence was told and only a new level can change the decision."""
        return not self._sums and self._quiet >= _QUIET_INTERVALS
