"""How much one connection may ask of the server before it is told to stop.

Pure bookkeeping with time as an argument. The ceilings exist where something would otherwise grow without
bound; each is far above what an honest client does.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

_US_PER_S = 1_000_000


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Ceilings of one connection's messages; what bytes and frames may cost is in client_connection.py."""

    send_queue_bytes: int = 8 * 1024 * 1024
    """A client behind by more than this is closed. A joiner of a room with 500 producers needs about 2
    MiB."""

    droppable_bytes: int = 256 * 1024
    """With more than this waiting, scores and speakers are left out: the next one supersedes them anyway."""

    pending_requests: int = 256
    """Requests of one client being worked on at the same time; more are left unread until there is room."""

    violations: int = 200
    """Protocol violations in a burst before the connection is closed …"""

    violations_per_s: float = 1.0
    """… and how fast old ones are forgiven."""

    close_grace_s: float = 10.0
    """A client that does not complete the closing handshake in this time loses its TCP connection."""


class ViolationBudget:
    """A leaky bucket of protocol violations."""

    def __init__(self, capacity: int, forgiven_per_s: float) -> None:
        self._capacity = capacity
        self._forgiven_per_s = forgiven_per_s
        self._level = 0.0
        self._updated_us: int | None = None

    def charge(self, now_us: int) -> bool:
        """Count one violation; False when that was one too many."""
        if self._updated_us is not None:
            forgiven = (now_us - self._updated_us) * self._forgiven_per_s / _US_PER_S
            self._level = max(0.0, self._level - forgiven)
        self._updated_us = now_us
        self._level += 1
        return self._level <= self._capacity


class SendQueue:
    """Text waiting for a slow socket, bounded by bytes.

    Order is kept. Messages marked droppable are refused early and counted in `dropped`; everything else is
    accepted until the hard limit, where the only honest thing left is to close the connection.
    """

    def __init__(self, limit_bytes: int, droppable_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._droppable_bytes = droppable_bytes
        self._messages: deque[str] = deque()
        self.size_bytes = 0
        self.dropped = 0

    def put(self, text: str, *, droppable: bool = False) -> bool:
        """False when the queue is over its hard limit and the message was not taken."""
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
        """The oldest message, or None when there is none."""
        if not self._messages:
            return None
        text = self._messages.popleft()
        self.size_bytes -= len(text)
        return text

    def clear(self) -> None:
        self._messages.clear()
        self.size_bytes = 0
