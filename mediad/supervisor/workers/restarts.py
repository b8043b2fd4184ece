"""The delay before a dead worker starts again, and when deaths are a crash loop: bookkeeping, no clock."""

from __future__ import annotations

FREE_RESTARTS = 3
"""Short lives in a row after which the next start is still immediate: a kill, or a rare bug."""

FIRST_DELAY_S = 0.5
LONGEST_DELAY_S = 30.0

STABLE_S = 60.0
"""The age at which a worker's earlier deaths no longer count."""


def restart_delay_s(failures: int) -> float:
    """The wait after `failures` short lives in a row: none at first, then 0.5 s, 1 s … 30 s.

    The first starts are immediate: rooms may be waiting, and most faults do not come back at once.
    """
    if failures <= FREE_RESTARTS:
        return 0.0
    return min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** min(failures - FREE_RESTARTS - 1, 16))


class Restarts:
    """The deaths of one worker id over time."""

    def __init__(self) -> None:
        self.failures = 0
        """Short lives in a row, failed starts included."""

    @property
    def looping(self) -> bool:
        """True when the worker dies again and again: starts are delayed, and a person should look."""
        return self.failures > FREE_RESTARTS

    @property
    def delay_s(self) -> float:
        return restart_delay_s(self.failures)

    def died(self, lived_s: float) -> None:
        """Note that a worker died, unwanted, after `lived_s` of being ready."""
        self.failures = 1 if lived_s >= STABLE_S else self.failures + 1

    def did_not_start(self) -> None:
        """Note a failed start.

        It delays the next one at once: its reason is hardly gone in the same moment.
        """
        self.failures = max(self.failures, FREE_RESTARTS) + 1

    def lived(self, lived_s: float) -> None:
        """Note that a worker has been ready for `lived_s` by now."""
        if lived_s >= STABLE_S:
            self.failures = 0

    def forget(self) -> None:
        """Forget all deaths, because a person restarts the worker."""
        self.failures = 0
