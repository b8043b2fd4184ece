"""The memory all connections together may hold for messages on their way, and who gives it back.

Pure bookkeeping. Each connection is bounded on its own; a thousand of them are not. When everybody together
holds too much, those who hold most are let go first: that is who sends and does not finish, or does not read.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable

NODE_LIMIT_BYTES = 64 * 1024 * 1024
"""Of all connections together: thirty clients that join rooms of 500 producers over slow links at once."""

_AFTERWARDS = 0.75
"""How much of the limit may be left when some were let go."""


class Account:
    """What one connection holds."""

    def __init__(self, ledger: Ledger, let_go: Callable[[], None]) -> None:
        """`let_go` frees all of it at once."""
        self._ledger = ledger
        self._parts: dict[str, int] = {}
        self.let_go = let_go
        self.held_bytes = 0
        self._closed = False

    def hold(self, part: str, size_bytes: int) -> None:
        """From now on `part` holds so many bytes. Somebody may be let go, this connection too."""
        if self._closed:
            return
        grown = size_bytes - self._parts.get(part, 0)
        if grown:
            self._parts[part] = size_bytes
            self.held_bytes += grown
            self._ledger.grown(grown)

    def close(self) -> None:
        """The connection is gone, or about to go."""
        if not self._closed:
            self._closed = True
            self._ledger.close(self)


class Ledger:
    """The accounts of one node."""

    def __init__(self, limit_bytes: int = NODE_LIMIT_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._accounts: dict[Account, None] = {}
        self.held_bytes = 0

    def open(self, let_go: Callable[[], None]) -> Account:
        account = Account(self, let_go)
        self._accounts[account] = None
        return account

    def close(self, account: Account) -> None:
        """Called by accounts."""
        del self._accounts[account]
        self.held_bytes -= account.held_bytes

    def grown(self, size_bytes: int) -> None:
        """Called by accounts."""
        self.held_bytes += size_bytes
        if size_bytes > 0 and self.held_bytes > self._limit_bytes:
            self._make_room()

    def _make_room(self) -> None:
        """Most connections hold next to nothing: few are sorted, and few are let go."""
        target = self._limit_bytes * _AFTERWARDS
        richest = heapq.nlargest(64, self._accounts, key=lambda account: account.held_bytes)
        for account in richest:
            if self.held_bytes <= target:
                return
            account.close()
            account.let_go()
