"""Allowance: how much more somebody may cause, which grows back with time (a token bucket)."""

from __future__ import annotations


class Allowance:
    """An allowance of `most` at once, of which `per_s` come back each second."""

    __slots__ = ("_left", "_most", "_per_s", "_since_s")

    def __init__(self, most: float, per_s: float) -> None:
        self._most = most
        self._per_s = per_s
        self._left = float(most)
        self._since_s: float | None = None

    def take(self, now_s: float) -> bool:
        """Use one up; return False when there is none. `now_s` is CLOCK_MONOTONIC."""
        if self._since_s is not None:
            self._left = min(self._most, self._left + (now_s - self._since_s) * self._per_s)
        self._since_s = now_s
        if self._left < 1:
            return False
        self._left -= 1
        return True
