"""Limits of one connection: its queue, its open requests, and its protocol violations.

Pure bookkeeping with time as an argument. There is a limit wherever memory would otherwise grow without
bound; each is far above the need of an honest client.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

_US_PER_S = 1_000_000


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Limits of one connection's messages; those of its bytes and frames are in client_connection.py."""

    send_queue_bytes: int = 8 * 1024 * 1024
    """The unsent output above which a client is closed.

    One that joins a room with 500 producers needs about 2 MiB.
    """

    droppable_bytes: int = 256 * 1024
    """The unsent output above which scores and speakers are left out, since the next one replaces them."""

    pending_requests: int = 256
    """The number of requests of one client under way at a time; more are left unread until one ends."""

    violations: int = 200
    """The protocol violations in a burst above which the connection is closed."""

    violations_per_s: float = 1.0
    """The number of violations that are forgiven per second."""

    close_grace_s: float = 10.0
    """The time to complete the closing handshake, after which a client loses its TCP connection."""


class ViolationBudget:
    """A leaky bucket of protocol violations."""

    def __init__(self, capacity: int, forgiven_per_s: float) -> None:
        self._capacity = capacity
        self._forgiven_per_s = forgiven_per_s
        self._level = 0.0
        self._updated_us: int | None = None

    def charge(self, now_us: int) -> bool:
        """Count one violation; return False when there were too many."""
        if self._updated_us is not None:
            forgiven = (now_us - self._updated_us) * self._forgiven_per_s / _US_PER_S
            self._level = max(0.0, self._level - forgiven)
        self._updated_us = now_us
        self._level += 1
        return self._level <= self._capacity


class SendQueue:
    """A queue of texts for a slow socket, bounded by bytes.

    Order is kept. Messages marked droppable are refused early and counted in `dropped`; all others are
    accepted until the hard limit, where the connection has to be closed.
    """

    def __init__(self, limit_bytes: int, droppable_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._droppable_bytes = droppable_bytes
        self._messages: deque[str] = deque()
        self.size_bytes = 0
        self.dropped = 0

    def put(self, text: str, *, droppable: bool = False) -> bool:
        """Add a message; return False when it was not taken because the queue is at its hard limit."""
        size = len(text)
        if droppable and self.size_bytes + size > self._droppable_bytes:
            self.dropped += 1
            return True
        if self.size_bytes + size > self._limit_bytes:
            return False
        self._messages.append(text)
        self.size_bytes += size
        return True

    def pop(self) -> str | None:
        """Remove and return the oldest message; None when there is none."""
        if not self._messages:
            return None
        text = self._messages.popleft()
        self.size_bytes -= len(text)
        return text

    def clear(self) -> None:
        self._messages.clear()
        self.size_bytes = 0
