"""What rooms need from the media side: a worker to ask, and somebody who chooses one.

Both are Protocols, implemented in `supervisor/`: rooms never learn that there are processes and pipes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from mediad.pipe.events import RouterEvent
from mediad.pipe.messages import ReplyT, Request

EventHandler = Callable[[RouterEvent], None]
"""Takes an event; runs on the event loop and must not block."""

Compose = Callable[[], Request[ReplyT] | None]
"""Called when a request is about to be sent: the request, or None when there is nothing to ask any more."""


class MediaWorker(Protocol):
    """One worker as a room sees it. Requests of one room are delivered in the order they are made."""

    worker_id: int

    async def request_for(
        self, router_id: str, kind: type[Request[ReplyT]], compose: Compose[ReplyT]
    ) -> ReplyT:
        """Ask and wait, on behalf of the room with this router; rooms are served in turn.

        Raises the MediadError the worker answered with, Unavailable when it does not answer, WorkerDied when
        it is gone, InvalidState when `compose` had nothing to ask any more, EnvelopeError when the answer
        cannot be read.
        """
        ...

    def subscribe(self, router_id: str, on_event: EventHandler) -> None:
        """From now on events of this router go to `on_event`."""
        ...

    def unsubscribe(self, router_id: str) -> None:
        """Stop; an unknown router is ignored."""
        ...


class Placement(Protocol):
    """Which worker a room lives on."""

    draining: bool
    """No room will ever be placed again; otherwise a refusal may be over in a moment."""

    def place(self, room_id: str) -> MediaWorker:
        """Choose a worker for a new room. Raises Unavailable when none can take it."""
        ...

    def displace(self, room_id: str) -> None:
        """The room is about to be closed where it is: when it is opened again soon, it goes elsewhere."""
        ...

    def release(self, room_id: str) -> None:
        """The room is closed and no longer weighs on its worker."""
        ...
