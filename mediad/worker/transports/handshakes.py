"""Handshakes: the turns of all clients whose DTLS is not connected yet, and the permits of their attempts.

A datagram of a handshake takes Python up to a millisecond, and a crowd begins at once. So what has no room
in a slice of SLICE_US waits, and who waits gets one turn after the other; answers to ICE checks, and
everything else on the event loop, get theirs in between.
"""

from __future__ import annotations

import logging
from collections import deque
from typing import Protocol

from mediad.budgets.holders import Holders, holders_at
from mediad.budgets.token_buckets import TokenBuckets
from mediad.clock import Clock, Timer
from mediad.protocols.ice_paths import Path

SLICE_US = 3_000
"""The longest time that other work on the event loop waits."""
WAITING_DATAGRAMS = 8
"""Datagrams of one client that wait for its turn; others are lost, and it repeats them.

With what the handshake keeps (16 KiB of messages, 4 of sealed records) it is 32 KiB for each client.
"""
ATTEMPTS = 1024
"""Attempts of servers under way in this worker: 75 MiB of OpenSSL's memory."""
FURTHER_ATTEMPTS = 512
"""The number from which on a client has one alone: a second hello is answered beside the first until then."""
ADDRESS_SHARE, ADDRESS_BURST_S = 0.1, 5.0
"""The time that clients of one address (IPv6: /64) may take, of all in the long run, and in seconds at once.

An office of 500 that joins takes less than a second. Signatures that are wrong, and handshakes begun without
end, take a few milliseconds each, from whoever sends them.
"""
_LEAST_S = 0.0001

logger = logging.getLogger(__name__)


class Shaking(Protocol):
    """A transport whose client is not connected yet."""

    def handshake_received(self, path: Path, data: bytes) -> None:
        """Take a datagram, in its turn."""


class Handshakes:
    """The queue of one worker. It is also what gives its attempts their permits."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: dict[Shaking, deque[tuple[Path, bytes]]] = {}  # in the order of their turns
        self._used_us = 0  # of this turn of the event loop
        self._turn: Timer | None = None
        self._budgets = TokenBuckets(ADDRESS_SHARE, ADDRESS_BURST_S)
        self.over_budget = 0
        """Datagrams that are lost as their address has taken all its time."""
        self.under_way = 0
        """Attempts of servers that have a permit."""

    def receive(self, transport: Shaking, path: Path, data: bytes) -> bool:
        """Pass a datagram on, now or in its turn; False: too many of this transport wait, and it is lost."""
        waiting = self._waiting.get(transport)
        if waiting is None:
            if not self._waiting and self._used_us < SLICE_US:
                self._pass_on(transport, path, data)
                return True
            waiting = self._waiting[transport] = deque()
        if len(waiting) == WAITING_DATAGRAMS:
            return False
        waiting.append((path, data))
        self._plan()
        return True

    def waits(self, transport: Shaking) -> bool:
        """Return True while datagrams of a transport wait: what comes later must not overtake them."""
        return transport in self._waiting

    def forget(self, transport: Shaking) -> None:
        """Lose what waits of a transport that is closed."""
        self._waiting.pop(transport, None)

    # --- permits --------------------------------------------------------------------------------------------

    def take(self, under_way: int) -> bool:
        """Take the permit of one attempt, for a transport with so many under way; False: there is none."""
        if self.under_way >= (FURTHER_ATTEMPTS if under_way else ATTEMPTS):
            return False
        self.under_way += 1
        return True

    def give_back(self, count: int) -> None:
        """Give back the permits of attempts that have ended."""
        self.under_way -= count

    # --- turns ----------------------------------------------------------------------------------------------

    def _pass_on(self, transport: Shaking, path: Path, data: bytes) -> None:
        begun_us = self._clock.now_us()
        holders = holders_at(path.host)
        if self._budgets.take_all(holders, begun_us / 1e6, _LEAST_S):
            self.over_budget += 1
            return
        try:
            transport.handshake_received(path, data)
        finally:
            now_us = self._clock.now_us()
            self._charge(holders, now_us / 1e6, (now_us - begun_us) / 1e6)
            self._used_us += now_us - begun_us
            if self._used_us:
                self._plan()

    def _charge(self, holders: Holders, now_s: float, used_s: float) -> None:
        """Take the time that was used, or all that is left."""
        if wait_s := self._budgets.take_all(holders, now_s, used_s):
            self._budgets.take_all(holders, now_s, max(0.0, used_s - wait_s * ADDRESS_SHARE))

    def _plan(self) -> None:
        if self._turn is None:
            self._turn = self._clock.call_at(self._clock.now_us(), self._take_turns)

    def _take_turns(self) -> None:
        self._turn = None
        self._used_us = 0
        while self._waiting and self._used_us < SLICE_US:
            transport = next(iter(self._waiting))
            waiting = self._waiting.pop(transport)
            path, data = waiting.popleft()
            if waiting:
                self._waiting[transport] = waiting  # behind the others
            try:
                self._pass_on(transport, path, data)
            except Exception:  # one client's bug must not cost the others their handshakes
                logger.exception(
                    "a datagram of a DTLS handshake was not handled and is lost: a bug in mediad"
                )
        if self._waiting:
            self._plan()
