"""On whose behalf the present task works: set when a client connects, inherited by every task it causes.

The media side wants to know it when a request brings a worker down, and threading it through every call in
between would tell all of them what only the two ends need.
"""

from __future__ import annotations

from contextvars import ContextVar

_asker: ContextVar[str | None] = ContextVar("asker", default=None)


def set_asker(room_id: str, peer_id: str) -> None:
    """What this task does from now on, and the tasks it starts, is this peer's doing."""
    _asker.set(asker_of(room_id, peer_id))


def asker_of(room_id: str, peer_id: str) -> str:
    """The word for this peer."""
    return f"{len(room_id)}:{room_id}/{peer_id}"


def current_asker() -> str | None:
    """The peer, as a word that is its own; None for what no client asked for."""
    return _asker.get()
