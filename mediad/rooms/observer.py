"""Who hears what happens in all rooms of the node: the operator's side, as `listener.py` is a client's.

Rooms say what happened, in the order it did, and nothing about times, counters or files. Every method returns
at once and never raises.
"""

from __future__ import annotations

import contextlib

LEFT = "left"
"""The cause of a leave when the client went by itself; otherwise it is the value of a CloseCause."""

DESERTED = "deserted"
"""The cause of a room's end when nobody is left in it; otherwise FAILED or the value of a CloseCause."""

FAILED = "failed"
"""The worker could not open the room."""


class Observer:
    """One that is not interested. Each join is followed by one leave, each room opened by one closed."""

    def connecting(self, room_id: str, peer_id: str) -> contextlib.AbstractContextManager[None]:
        """Holds while a client is being let in; an exception passes through it when it is not."""
        return contextlib.nullcontext()

    def refused(self, room_id: str, peer_id: str, kind: str, reason: str) -> None:
        """A client was not let in; `kind` is one of a few words, `reason` what it was told."""

    def share_refused(self, worker_id: int, table: str, kind: str, name: str, reason: str) -> None:
        """One of `table` was not to be had on this worker. `kind` says of whose share there was none left,
        "address", "room" or "all", and `name` which."""

    def room_opened(self, room_id: str, worker_id: int) -> None: ...

    def room_closed(self, room_id: str, worker_id: int, cause: str, reason: str) -> None: ...

    def peer_connected(self, room_id: str, peer_id: str) -> None:
        """It has a seat, and is not a member of the call yet."""

    def peer_joined(self, room_id: str, peer_id: str, worker_id: int, display_name: str) -> None: ...

    def peer_left(self, room_id: str, peer_id: str, worker_id: int, cause: str, reason: str) -> None:
        """Of one that had joined."""

    def join_overdue(self, room_id: str, peer_id: str) -> None:
        """It is let go because it did not join in time; before `peer_gone`."""

    def peer_gone(self, room_id: str, peer_id: str) -> None:
        """Its connection is over, whether it had joined or not; after `peer_left`."""

    def transport_asked_for(self, transport_id: str) -> None:
        """The client has said how it will connect this transport: from now on it tries to."""

    def transport_state(self, transport_id: str, layer: str, state: str) -> None:
        """`layer` is "ice" or "dtls"."""

    def media_arrived(self, transport_id: str) -> None:
        """A stream that is sent on this transport flows; may be said again."""

    def transport_closed(self, transport_id: str) -> None: ...
