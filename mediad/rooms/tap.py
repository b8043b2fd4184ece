"""Tap: a hidden receiver of a room, at a UDP port of this host: a recorder's, or that of an HLS output.

It is no member: clients are not told of it, no limit of members counts it, and it keeps no room open. It gets
what the members send, or what one of them does, present and future, in the codecs in which it is sent. To the
room it is a peer in `Room.taps` whose listener accepts every track, so that its consumers are made, moved and
closed like any other's. They are on a plain transport: nothing estimates its bandwidth, so they have the
highest layers that senders send, and senders are asked to send them.
"""

from __future__ import annotations

from typing import Any, Protocol
from uuid import uuid4

from mediad.errors import InvalidState
from mediad.ortc.capabilities import ABS_SEND_TIME, TRANSPORT_CC
from mediad.ortc.parameters import RtpCapabilities
from mediad.pipe.requests import CloseTransport
from mediad.pipe.transport_requests import ConnectPlainTransport, CreatePlainTransport
from mediad.rooms import offers
from mediad.rooms.entities import Transport, new_peer
from mediad.rooms.listener import ConsumerOffer
from mediad.rooms.quiet_listener import QuietListener
from mediad.rooms.room import Room
from mediad.rooms.stock import TAP

LOOPBACK = "127.0.0.1"


class TapListener(Protocol):
    """The receiver's side of a tap. Every method but the first returns at once."""

    async def track_began(self, track: ConsumerOffer) -> None:
        """Prepare for a track, whose packets come when this returns. Raises Forbidden to do without it.

        Its RTP parameters have one encoding, with the SSRC, and no retransmissions. Other methods may be
        called about it from the first suspension on.
        """
        ...

    def track_paused(self, track_id: str, paused: bool) -> None:
        """Note that the sender has paused this track (`ConsumerOffer.consumer_id`), or has resumed it."""
        ...

    def track_ended(self, track_id: str) -> None:
        """Note that nothing more comes of this track."""
        ...

    def peer_left(self, peer_id: str) -> None:
        """Note that a member has left; its tracks end right after this. It may come back under its id."""
        ...

    def tap_ended(self, cause: str, reason: str) -> None:
        """Note that the room has ended, or its part on the tap's worker, with all tracks.

        `cause` is one of those of a room's end (`mediad.rooms.observer`).
        """
        ...


class Tap:
    """A hidden receiver from `open` until `close`, or until its listener is told that it has ended."""

    def __init__(
        self, room: Room, listener: TapListener, only: str | None = None, *, records: bool = False
    ) -> None:
        """Prepare a tap of `room`, which is open; `only` is the one peer that is received, None for all.

        With `records` those who are received are told that they are recorded; of the tap nobody is told.
        """
        self.room = room
        self._listener = listener
        name = f"tap-{uuid4()}"  # no client can have a transport of this name, so nobody can take its place
        self._peer = new_peer(name, room.home, _Ear(listener), room.log_of(room.home, tap=name))
        self._peer.holder = (TAP, room.id)
        self._peer.hears = only
        self._peer.records = records
        self._peer.keeps_room = False
        self._peer.reception = room.receptions.of(_wanted(room.capabilities))

    async def open(self, port: int) -> int:
        """Make the transport that sends to this UDP port on the loopback address; return its own port.

        Nothing is sent before `begin`. Raises Full when the worker has no room, the worker's error when it
        makes no transport, InvalidState when the room has ended meanwhile.
        """
        room, peer, branch = self.room, self._peer, self._peer.branch
        transport = Transport(str(uuid4()), peer, branch, consuming=True)
        transport.claim = branch.stock.claim("transports", peer.holder)
        closing = CloseTransport(transport.id)
        try:
            creation = CreatePlainTransport(branch.router_id, transport.id, local_only=True)
            created = await branch.make(creation, closing, about=room)
            try:
                await branch.ask(ConnectPlainTransport(transport.id, LOOPBACK, port), about=room)
                if room.closed or branch.closed:
                    raise InvalidState("the room has ended")
            except BaseException:
                branch.discard(closing)
                raise
        except BaseException:
            transport.claim.release()
            raise
        room.books.enter_transport(transport)
        room.add_tap(peer, self._listener.tap_ended)
        return created.tuple.local_port

    def begin(self) -> None:
        """Have the present tracks sent, and those that come."""
        self._peer.joined = True
        offers.begin(self.room, self._peer)

    def close(self) -> None:
        """Stop receiving. Its listener is told nothing more."""
        self.room.remove_tap(self._peer)


class _Ear(QuietListener):
    """The listener of a tap's peer: it accepts all tracks, and passes on what matters to a tap."""

    def __init__(self, listener: TapListener) -> None:
        self._listener = listener

    async def consumer_offered(self, offer: ConsumerOffer) -> None:
        await self._listener.track_began(offer)

    def consumer_closed(self, consumer_id: str) -> None:
        self._listener.track_ended(consumer_id)

    def consumer_paused(self, consumer_id: str) -> None:
        self._listener.track_paused(consumer_id, True)

    def consumer_resumed(self, consumer_id: str) -> None:
        self._listener.track_paused(consumer_id, False)

    def peer_left(self, peer_id: str) -> None:
        self._listener.peer_left(peer_id)


def _wanted(capabilities: RtpCapabilities) -> dict[str, Any]:
    """Return what a tap receives: all that the room can carry, but nothing that is for a lossy network.

    The loopback loses nothing, so there are no retransmissions, and nothing estimates bandwidth.
    """
    wire = capabilities.to_wire()
    return {
        "codecs": [codec for codec in wire["codecs"] if not codec["mimeType"].lower().endswith("/rtx")],
        "headerExtensions": [
            extension
            for extension in wire["headerExtensions"]
            if extension["uri"] not in (ABS_SEND_TIME, TRANSPORT_CC)
        ],
    }
