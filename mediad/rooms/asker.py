"""The asker: the client on whose behalf a task runs, set when it connects and inherited by further tasks.

The media side needs it when a request crashes a worker. As an argument of every call in between it would
trouble all of them for the sake of the two ends.
"""

from __future__ import annotations

from contextvars import ContextVar

_asker: ContextVar[str | None] = ContextVar("asker", default=None)


def set_asker(room_id: str, peer_id: str) -> None:
    """Make this peer the asker of all that this task, and the tasks it starts, does from now on."""
    _asker.set(asker_of(room_id, peer_id))


def asker_of(room_id: str, peer_id: str) -> str:
    """Return the text that stands for this peer alone."""
    return f"{len(room_id)}:{room_id}/{peer_id}"


def current_asker() -> str | None:
    """Return the asker's text; None for work that no client asked for."""
    return _asker.get()
