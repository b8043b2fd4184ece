"""Expiry: the end of calls with the tokens that began them, where the operator wants that.

A token is judged by the clock of the day once, when its peer comes, or an operator gives it more time. From
then on the time that it has left runs on the monotonic clock: setting the clock of the day ends no call.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from mediad.rooms.entities import Peer

GRACE_S = 30.0
"""The time that a call goes on after its token's end: as much as clocks may differ when tokens are judged."""

LONGEST_WAIT_S = 86_400.0
"""The longest time of one timer; a later end is looked at again."""

REASON = "the token has expired"


class Expiries:
    """The ends of the tokens of one room's peers. `on_expired` is called with each whose time is over."""

    def __init__(self, enforced: Callable[[], bool], on_expired: Callable[[Peer], None]) -> None:
        """Expect nothing yet; `enforced` tells whether calls end with tokens now."""
        self._enforced = enforced
        self._on_expired = on_expired
        self._due_s: dict[Peer, float] = {}
        """CLOCK_MONOTONIC of each end."""
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._due_s)

    def expect(self, peer: Peer) -> None:
        """Note when a peer's token ends, by its grants, instead of what was noted before."""
        ends_at_s = peer.grants.expires_at_s
        if ends_at_s is None:
            self.forget(peer)
            return
        self._due_s[peer] = time.monotonic() + ends_at_s - time.time() + GRACE_S
        self._arm(self._due_s[peer])

    def forget(self, peer: Peer) -> None:
        """Forget a peer that is gone, or has no end any more."""
        self._due_s.pop(peer, None)
        if not self._due_s:
            self._disarm()

    def review(self) -> None:
        """Note that the operator may have changed whether calls end with tokens."""
        self._disarm()
        if self._due_s:
            self._arm(min(self._due_s.values()))

    def sweep(self, now_s: float) -> None:
        """Call `on_expired` with each peer whose time is over. `now_s` is CLOCK_MONOTONIC."""
        for peer in [peer for peer, due_s in self._due_s.items() if due_s <= now_s]:
            if peer in self._due_s:  # the end of another may have ended the room
                self._on_expired(peer)

    def _arm(self, due_s: float) -> None:
        """Have the timer run out by then, or earlier."""
        if not self._enforced():
            return
        loop = asyncio.get_running_loop()
        when_s = loop.time() + max(0.0, min(due_s - time.monotonic(), LONGEST_WAIT_S))
        if self._timer is None or self._timer.when() > when_s:
            self._disarm()
            self._timer = loop.call_at(when_s, self._on_timer)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _on_timer(self) -> None:
        self._timer = None
        if self._enforced():
            self.sweep(time.monotonic())
        if self._timer is None:
            self.review()
