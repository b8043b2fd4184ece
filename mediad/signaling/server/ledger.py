"""The memory that all connections together may hold for messages, and which connections free it.

Bookkeeping without I/O. Each connection is bounded on its own; a thousand of them are not. When all together
hold too much, those that hold most are closed first: clients that send and do not finish, or do not read.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable

NODE_LIMIT_BYTES = 64 * 1024 * 1024
"""The limit of all connections: thirty clients that join rooms of 500 producers over slow links at once."""

_AFTERWARDS = 0.75
"""The part of the limit that may be in use after connections were closed."""


class Account:
    """The memory that one connection holds."""

    def __init__(self, ledger: Ledger, evict: Callable[[], None]) -> None:
        """Open an account in `ledger`. `evict` closes the connection and so frees its memory at once."""
        self._ledger = ledger
        self._parts: dict[str, int] = {}
        self.evict = evict
        self.held_bytes = 0
        self._closed = False

    def hold(self, part: str, size_bytes: int) -> None:
        """Note that `part` holds this many bytes from now on. Connections may be closed, this one too."""
        if self._closed:
            return
        grown = size_bytes - self._parts.get(part, 0)
        if grown:
            self._parts[part] = size_bytes
            self.held_bytes += grown
            self._ledger.grown(grown)

    def close(self) -> None:
        """Close the account of a connection that has ended, or is about to."""
        if not self._closed:
            self._closed = True
            self._ledger.close(self)


class Ledger:
    """The accounts of one node."""

    def __init__(self, limit_bytes: int = NODE_LIMIT_BYTES) -> None:
        self.limit_bytes = limit_bytes
        self._accounts: dict[Account, None] = {}
        self.held_bytes = 0

    def open(self, evict: Callable[[], None]) -> Account:
        account = Account(self, evict)
        self._accounts[account] = None
        return account

    def close(self, account: Account) -> None:
        """Remove an account; called by it."""
        del self._accounts[account]
        self.held_bytes -= account.held_bytes

    def grown(self, size_bytes: int) -> None:
        """Add to the sum; called by accounts."""
        self.held_bytes += size_bytes
        if size_bytes > 0 and self.held_bytes > self.limit_bytes:
            self._make_room()

    def _make_room(self) -> None:
        """Close connections until enough is free.

        Most hold almost nothing: few are sorted, few are closed.
        """
        target = self.limit_bytes * _AFTERWARDS
        richest = heapq.nlargest(64, self._accounts, key=lambda account: account.held_bytes)
        for account in richest:
            if self.held_bytes <= target:
                return
            account.close()
            account.evict()
