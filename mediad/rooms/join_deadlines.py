"""Join deadlines: the time in which a client that has connected must join.

Until then it holds a seat, transports and a share of its room. Some clients are late for an honest reason, as
when their user has not answered a browser's permission dialog. So they are closed with a code upon which they
connect again, and only have to start over.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from mediad.overdue import Overdue
from mediad.rooms.entities import Peer

JOIN_S = 30
"""The time to join in seconds; mediasoup's demos join right after they have connected."""

REASON = f"it did not join within {JOIN_S} s: connect again when it is about to"


class JoinDeadlines:
    """The join deadlines of the peers of one room. `on_missed` is called with each that missed its own."""

    def __init__(self, on_missed: Callable[[Peer], None]) -> None:
        self._on_missed = on_missed
        self._waiting: Overdue[Peer] = Overdue(JOIN_S * 1_000_000)
        self._timer: asyncio.TimerHandle | None = None

    def expect(self, peer: Peer) -> None:
        """Start the time of a peer that has connected."""
        self._waiting.expect(peer, _now_us())
        if self._timer is None:
            self._arm(_now_us())

    def met(self, peer: Peer) -> None:
        """Stop the time of a peer that has joined, or is gone."""
        self._waiting.met(peer)
        if not self._waiting and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def sweep(self, now_us: int) -> None:
        """Call `on_missed` with each peer whose time is over by `now_us`."""
        for peer in self._waiting.take_due(now_us):
            self._on_missed(peer)

    def _arm(self, now_us: int) -> None:
        due_us = self._waiting.get_timer()
        if due_us is not None:
            delay_s = max(0, due_us - now_us) / 1e6
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        now_us = _now_us()
        self.sweep(now_us)
        if self._timer is None:
            self._arm(now_us)


def _now_us() -> int:
    return time.monotonic_ns() // 1000
