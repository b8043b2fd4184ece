"""The number of connections that the front accepts, in all and by address: bookkeeping without I/O.

A process without a free descriptor can neither replace a worker nor answer mediactl nor open a log. So before
that happens, clients that connect are refused, and told to come again.
"""

from __future__ import annotations

from mediad.addresses import holder_of

RESERVED = 128
"""Descriptors kept for clients of the admin socket, the log, webhooks and the daemon itself."""

RESERVED_PER_WORKER = 16
"""Descriptors of a worker's pipes, twice: the old ones may still be open when a new worker is started."""


def connection_limit(descriptors: int, workers: int) -> int:
    """The connections that a process may hold, from its limit of descriptors and its number of workers."""
    return max(descriptors // 8, descriptors - RESERVED - RESERVED_PER_WORKER * workers)


class Admissions:
    """The connections that are open."""

    def __init__(self, limit: int, per_address: int) -> None:
        self.limit = limit
        self.per_address = per_address
        """The limit of one address, 0 for none. It may change at any time; connections that are open stay."""
        self.count = 0
        self._by_owner: dict[str, int] = {}

    def refusal(self, address: str) -> str | None:
        """The reason why one more connection from `address` is too much; None when it is not."""
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
