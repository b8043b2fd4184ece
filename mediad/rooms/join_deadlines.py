"""A client that connects and does not join holds a seat, transports and a share of its room: not for ever.

What happens then is chosen for the honest ones among them, whose user stands before a browser's permission
dialog, say: they are sent away with a code that brings them back, so that all it costs them is to start over.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from mediad.overdue import Overdue
from mediad.rooms.entities import Peer

JOIN_S = 30
"""What mediasoup's demos give a client; those join right after they have connected."""

REASON = f"it did not join within {JOIN_S} s: connect again when it is about to"


class JoinDeadlines:
    """Of the peers of one room. `let_go` is called with each whose time is over."""

    def __init__(self, let_go: Callable[[Peer], None]) -> None:
        self._let_go = let_go
        self._waiting: Overdue[Peer] = Overdue(JOIN_S * 1_000_000)
        self._timer: asyncio.TimerHandle | None = None

    def expect(self, peer: Peer) -> None:
        """It has connected."""
        self._waiting.expect(peer, _now_us())
        if self._timer is None:
            self._arm(_now_us())

    def met(self, peer: Peer) -> None:
        """It has joined, or is gone."""
        self._waiting.met(peer)
        if not self._waiting and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def sweep(self, now_us: int) -> None:
        """Let go whose time is over at that moment."""
        for peer in self._waiting.take_due(now_us):
            self._let_go(peer)

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
