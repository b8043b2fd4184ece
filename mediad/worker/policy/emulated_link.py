"""Emulated link: one direction of a network with loss, a rate and a delay, for the datagrams of ICE and DTLS.

The media thread has the same for its own (`_fastpath/stream/link`). Each has a rate of its own: a client's
few checks and handshakes, and its data channels, do not slow its media down.
"""

from __future__ import annotations

from typing import NamedTuple

QUEUE_US = 500_000
"""The time that a datagram waits for its turn at most; beyond, it is lost."""


class LinkSettings(NamedTuple):
    """The rate of one direction in bit/s (0: no limit), its delay, and the share of datagrams lost."""

    rate_bps: int = 0
    delay_us: int = 0
    loss_ppm: int = 0


class EmulatedLink:
    """A link on which what was sent decides when the next datagram arrives."""

    def __init__(self, settings: LinkSettings) -> None:
        self.settings = settings
        self._free_us = 0  # when all that was sent so far has left
        self._last_us = 0  # when the last of it arrives

    def send(self, size_bytes: int, now_us: int, chance: float) -> int | None:
        """Return when a datagram arrives, None when it is lost; `chance` is random, 0 to 1.

        Datagrams arrive in order, also after a change of settings.
        """
        begin_us = max(self._free_us, now_us)
        if chance * 1_000_000 < self.settings.loss_ppm:
            return None
        if self.settings.rate_bps:
            if begin_us - now_us > QUEUE_US:
                return None
            begin_us += size_bytes * 8_000_000 // self.settings.rate_bps
        self._free_us = begin_us
        self._last_us = max(self._last_us, begin_us + self.settings.delay_us)
        return self._last_us
