"""How many connections the front takes in, in all and by address.

Pure bookkeeping. A process that has no descriptor left can neither replace a worker nor hear mediactl nor
open a log; whoever comes to the front when it is nearly so far is told to come again.
"""

from __future__ import annotations

from mediad.addresses import holder_of

RESERVED = 128
"""Descriptors kept for the admin socket's clients, the log, webhooks and the daemon's own."""

RESERVED_PER_WORKER = 16
"""A worker's pipes, twice: those of the old one may still be open when the new one is started."""


def connection_limit(descriptors: int, workers: int) -> int:
    """How many connections a process may hold that may open so many descriptors."""
    return max(descriptors // 8, descriptors - RESERVED - RESERVED_PER_WORKER * workers)


class Admissions:
    """Who is in."""

    def __init__(self, limit: int, per_address: int) -> None:
        self.limit = limit
        self.per_address = per_address
        """May change at any time; who is in stays. 0 is no limit."""
        self.count = 0
        self._by_owner: dict[str, int] = {}

    def refusal(self, address: str) -> str | None:
        """Why one more connection from there is too much; None when it is not."""
        if self.count >= self.limit:
            return f"{self.count} connections are all this process may hold (see LimitNOFILE=, ulimit -n)"
        owner = holder_of(address) if address else ""
        if owner and 0 < self.per_address <= self._by_owner.get(owner, 0):
            return f"{owner} has {self.per_address} connections already (max_connections_per_address)"
        return None

    def enter(self, address: str) -> None:
        self.count += 1
        owner = holder_of(address) if address else ""
        self._by_owner[owner] = self._by_owner.get(owner, 0) + 1

    def leave(self, address: str) -> None:
        self.count -= 1
        owner = holder_of(address) if address else ""
        left = self._by_owner.pop(owner) - 1
        if left:
            self._by_owner[owner] = left
