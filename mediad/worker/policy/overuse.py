"""Overuse: a client that sends far more than it was told it may, for a while.

REMB is a word that a client may ignore. A picture with much in it, retransmissions and probes go above a
limit for a moment; nobody who listens to REMB sends twice as much for three looks in a row.
"""

from __future__ import annotations

TIMES, SLACK_BPS = 2, 100_000
"""The bound of what is forgiven: its limit times this, and this much more."""

LOOKS = 3
"""The looks in a row that it takes: some 15 s."""


class Overuse:
    """The record of one client."""

    __slots__ = ("_looks",)

    def __init__(self) -> None:
        self._looks = 0

    def look(self, received_bps: int, limit_bps: int) -> bool:
        """Note what comes now; return True when it was too much for too long. A limit of 0 is none."""
        if limit_bps and received_bps > TIMES * limit_bps + SLACK_BPS:
            self._looks += 1
        else:
            self._looks = 0
        if self._looks < LOOKS:
            return False
        self._looks = 0
        return True
