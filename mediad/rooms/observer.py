"""The observer of all rooms of the node, for its operator, as `listener.py` is for a client.

Rooms tell of changes, in their order, and nothing about times, counters or files. Every method returns at
once and never raises.
"""

from __future__ import annotations

import contextlib
from typing import Any

LEFT = "left"
"""The cause of a leave when the client left by itself; otherwise it is the value of a CloseCause."""

DESERTED = "deserted"
"""The cause of a room's end when nobody is left in it; otherwise FAILED or the value of a CloseCause."""

FAILED = "failed"
"""The cause of a room's end when the worker could not open it."""


class RoomObserver:
    """An observer that does nothing. Each join is followed by one leave, each room opened by one closed."""

    def connecting(self, room_id: str, peer_id: str) -> contextlib.AbstractContextManager[None]:
        """Return a context that lasts while a client is admitted; an exception passes when it is refused."""
        return contextlib.nullcontext()

    def refused(self, room_id: str, peer_id: str, kind: str, reason: str) -> None:
        """Note that a client was refused; `kind` is one of a few words, `reason` the text it was told."""

    def share_refused(self, worker_id: int, table: str, kind: str, name: str, reason: str) -> None:
        """Note that an object of `table` was refused on this worker, because a share was used up.

        `kind` is the kind of its holder, "address", "room" or "all", and `name` the holder's name.
        """

    def room_opened(self, room_id: str, worker_id: int) -> None: ...

    def room_closed(self, room_id: str, worker_id: int, cause: str, reason: str) -> None: ...

    def branch_opened(self, room_id: str, worker_id: int) -> None:
        """Note that a room is on one more worker."""

    def branch_closed(self, room_id: str, worker_id: int, cause: str, reason: str) -> None:
        """Note that a room which goes on elsewhere is on this worker no more; causes are those of a room."""

    def peer_connected(self, room_id: str, peer_id: str) -> None:
        """Note that a client has a seat, but has not joined yet."""

    def peer_joined(self, room_id: str, peer_id: str, worker_id: int, display_name: str) -> None: ...

    def peer_left(self, room_id: str, peer_id: str, worker_id: int, cause: str, reason: str) -> None:
        """Note that a peer that had joined has left."""

    def grant_refused(self, grant: str) -> None:
        """Note that a peer was refused something for want of this grant, by its name on the wire."""

    def grants_changed(
        self, room_id: str, peer_id: str, worker_id: int, changes: dict[str, Any], grants: dict[str, Any]
    ) -> None:
        """Note that an operator has changed what a peer may do.

        `changes` are the grants that are others now, `grants` all that are not as usual.
        """

    def join_overdue(self, room_id: str, peer_id: str) -> None:
        """Note that a client did not join in time and is closed; called before `peer_gone`."""

    def peer_gone(self, room_id: str, peer_id: str) -> None:
        """Note that a connection has ended, whether the peer had joined or not; called after `peer_left`."""

    def transport_asked_for(self, transport_id: str) -> None:
        """Note that the client has sent its parameters for this transport, and now tries to connect it."""

    def transport_state(self, transport_id: str, layer: str, state: str) -> None:
        """Note a state of a transport; `layer` is "ice", "dtls", "sctp" or, without these, "plain"."""

    def media_arrived(self, transport_id: str) -> None:
        """Note that packets of a track arrive on this transport; may be called more than once."""

    def bot_reply_dropped(self, room_id: str, peer_id: str) -> None:
        """Note that the room's bot did not reply, because this peer has said too much to it lately."""

    def transport_closed(self, transport_id: str) -> None: ...
