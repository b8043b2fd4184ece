"""The media side as rooms need it: workers to ask, and a placement that chooses among them.

Both are Protocols, implemented in `supervisor/`: rooms know nothing of processes and pipes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from mediad.pipe.events import RouterEvent
from mediad.pipe.messages import ReplyT, Request
from mediad.rooms.spread import WorkerLoad

EventHandler = Callable[[RouterEvent], None]
"""A function that handles an event; it runs on the event loop and must not block."""

Compose = Callable[[], Request[ReplyT] | None]
"""A function that returns the request about to be sent, or None when there is nothing to ask any more."""


class MediaWorker(Protocol):
    """One worker as a room sees it. Requests of one room are delivered in the order they are made."""

    worker_id: int

    async def request_for(
        self, router_id: str, kind: type[Request[ReplyT]], compose: Compose[ReplyT]
    ) -> ReplyT:
        """Ask on behalf of the room with this router and return the reply; rooms are served in turn.

        Raises the MediadError the worker answered with, Unavailable when it does not answer, WorkerDied when
        it is gone, InvalidState when `compose` had nothing to ask any more, EnvelopeError when the answer
        cannot be read.
        """
        ...

    def subscribe(self, router_id: str, on_event: EventHandler) -> None:
        """Send events of this router to `on_event` from now on."""
        ...

    def unsubscribe(self, router_id: str) -> None:
        """Send no more events of this router; an unknown one is ignored."""
        ...


class Placement(Protocol):
    """The choice of the worker for each room, and the record of which rooms are on which workers."""

    draining: bool
    """True when no room will be placed any more; otherwise a refusal may soon end."""

    def place(self, room_id: str) -> MediaWorker:
        """Choose a worker for a new room. Raises Unavailable when none can take it."""
        ...

    def loads(self, room_id: str) -> list[WorkerLoad]:
        """Return all workers as places for a further branch of this room, the best first."""
        ...

    def extend(self, room_id: str, worker_id: int) -> MediaWorker:
        """Put a further branch of a room on this worker. Raises Unavailable when it takes none."""
        ...

    def retreat(self, room_id: str, worker_id: int) -> None:
        """Take a branch of a room that is closed off its worker."""
        ...

    def displace(self, room_id: str, worker_id: int) -> None:
        """Put the peers of this room elsewhere when they come again soon; they are about to be sent away."""
        ...

    def release(self, room_id: str) -> None:
        """Take a room that is closed off all its workers."""
        ...
