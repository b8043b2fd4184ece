"""When a worker that died may start again, and when its deaths have become a loop: bookkeeping, no clock."""

from __future__ import annotations

FREE_RESTARTS = 3
"""Short lives in a row after which the next start is still immediate: a kill, a bug that met its packet."""

FIRST_DELAY_S = 0.5
LONGEST_DELAY_S = 30.0

STABLE_S = 60.0
"""A worker that lived this long has put its earlier deaths behind it."""


def restart_delay_s(failures: int) -> float:
    """How long to wait after `failures` short lives in a row: not at all at first, then 0.5 s, 1 s … 30 s.

    The first are immediate: rooms may be waiting, and the fault is seldom there again at once.
    """
    if failures <= FREE_RESTARTS:
        return 0.0
    return min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** min(failures - FREE_RESTARTS - 1, 16))


class Restarts:
    """The history of one place for a worker."""

    def __init__(self) -> None:
        self.failures = 0
        """Short lives in a row, among them starts that came to nothing."""

    @property
    def looping(self) -> bool:
        """It dies again and again: starts are being delayed, and somebody should look."""
        return self.failures > FREE_RESTARTS

    @property
    def delay_s(self) -> float:
        return restart_delay_s(self.failures)

    def died(self, lived_s: float) -> None:
        """A worker that had been ready for `lived_s` is gone, and nobody wanted it to go."""
        self.failures = 1 if lived_s >= STABLE_S else self.failures + 1

    def did_not_start(self) -> None:
        """What keeps a worker from starting will hardly be gone in the same moment: none of these is free."""
        self.failures = max(self.failures, FREE_RESTARTS) + 1

    def lived(self, lived_s: float) -> None:
        """A worker has been ready for `lived_s` by now."""
        if lived_s >= STABLE_S:
            self.failures = 0

    def forget(self) -> None:
        """A person has taken it in hand: what was before does not count."""
        self.failures = 0
