"""The order in which clients' input is read: a bounded portion each, those with the least recent work first.

One turn of the event loop gives a limited time to input. Those go first whose address has caused least: who
connects again and again begins with each connection anew, and delays nobody else by that. Clients that have
caused much work get only a part of the time: between two of their portions the loop is free for everything
else.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from typing import Protocol

TURN_US = 3_000
"""The time that one turn of the loop gives to input."""

LEVEL_US = 50_000
"""The recent work of an address from which on it comes after others; each level is twice the one before."""

REST = 3
"""The microseconds of rest for each microsecond of work of clients that have caused much."""


class Client(Protocol):
    """A client with input."""

    def used_us(self, now_us: int) -> float:
        """The work that its input has recently caused."""
        ...

    def address_used_us(self, now_us: int) -> float:
        """The work that its address has recently caused, with all connections."""
        ...

    def is_light(self, now_us: int) -> bool:
        """True when that is little."""
        ...

    def take_turn(self, now_us: int) -> int:
        """Read one portion, and ask again when there is more. Returns its cost in microseconds."""
        ...


def _rank(client: Client, now_us: int) -> tuple[bool, int, float]:
    """Rank a client: the least goes first, and of equal ones who asked first.

    Light clients of addresses that have caused about as much are equal. Else newcomers from ever new
    addresses would go before all who have begun.
    """
    is_heavy = not client.is_light(now_us)
    level = int(client.address_used_us(now_us) // LEVEL_US).bit_length()
    return is_heavy, level, client.used_us(now_us) if is_heavy else 0.0


Soon = Callable[[Callable[[], None]], object]
Later = Callable[[float, Callable[[], None]], object]


class InputTurns:
    """The order of the clients that ask."""

    def __init__(self, now_us: Callable[[], int], soon: Soon, later: Later) -> None:
        """Prepare. `soon` calls back in the next turn of the loop, `later` after so many seconds."""
        self._now_us, self._soon, self._later = now_us, soon, later
        self._asking: dict[Client, None] = {}
        self._queue: list[tuple[bool, int, float, int, Client]] = []
        self._order = itertools.count()
        self._called = False
        self._resting = False
        self._rest_until_us = 0

    def ask(self, client: Client) -> None:
        """Ask for a turn for `client`, which has input; asking twice changes nothing."""
        if client not in self._asking:
            self._asking[client] = None
            now_us = self._now_us()
            heapq.heappush(self._queue, (*_rank(client, now_us), next(self._order), client))
        self._call()

    def forget(self, client: Client) -> None:
        """Forget `client`, which is gone."""
        self._asking.pop(client, None)  # its entry in the queue is ignored

    def worked(self, client: Client, cost_us: int, now_us: int) -> None:
        """Add the cost of the last portion of `client` beyond what `take_turn` returned."""
        if not client.is_light(now_us):
            self._rest_until_us = max(self._rest_until_us, now_us) + cost_us * REST

    def _call(self) -> None:
        if not self._called:
            self._called = True
            self._soon(self._run)

    def _run(self) -> None:
        self._called = False
        end_us, expected_us = self._now_us() + TURN_US, 0
        while self._queue:
            heavy, _, _, _, client = self._queue[0]
            if client not in self._asking:
                heapq.heappop(self._queue)
                continue
            now_us = self._now_us()
            if heavy and now_us < self._rest_until_us:
                self._rest((self._rest_until_us - now_us) / 1_000_000)
                return
            if now_us >= end_us or expected_us >= TURN_US:
                self._call()
                return
            heapq.heappop(self._queue)
            del self._asking[client]
            cost_us = client.take_turn(now_us)
            expected_us += cost_us  # much of it comes later in this turn of the loop, in tasks
            if heavy:
                self._rest_until_us = now_us + cost_us * (1 + REST)

    def _rest(self, delay_s: float) -> None:
        if not self._resting:
            self._resting = True
            self._later(delay_s, self._rested)

    def _rested(self) -> None:
        self._resting = False
        if self._queue:
            self._call()
