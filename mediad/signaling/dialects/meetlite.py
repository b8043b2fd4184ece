"""The dialect of MeetLite: events that are answered by events, for participants with a token.

A participant's id is the user's: someone who connects again takes the place of the older connection. Every
failure is told as `error`; nothing is answered twice.
"""

from __future__ import annotations

from typing import Any

import msgspec

from mediad.errors import InvalidState, MediadError, NotFound
from mediad.rooms.entities import Producer, Transport
from mediad.rooms.listener import Device, PeerInfo
from mediad.rooms.registry import RoomRegistry
from mediad.rooms.reply import Reply
from mediad.rooms.seat import Seat
from mediad.signaling.access import Access, Admitted, NotAdmitted
from mediad.signaling.dialects import meetlite_schemas as schemas
from mediad.signaling.dialects.dialect import Method, RequestFailed
from mediad.signaling.dialects.event_dialect import Call, EventWire, Handshake, Refused, kind_of, perform
from mediad.signaling.dialects.meetlite_listener import MeetLiteListener, is_screen, media_state

NAMESPACE = "/"


class MeetLite:
    """The dialect: a client shows who it is as it connects, and takes its seat by an event."""

    def __init__(self, registry: RoomRegistry, access: Access) -> None:
        self._registry = registry
        self._access = access

    async def admit(self, wire: EventWire, handshake: Handshake) -> MeetLiteVisit:
        """Judge a client by its token. Raises Refused."""
        token = handshake.auth.get("token")
        token = token if isinstance(token, str) else None
        await self._access.ready_for(token)
        try:
            admitted, claims = self._identify(token, wire.sid, handshake.address)
        except NotAdmitted as error:
            self._registry.observer.refused("", "", "unauthorized", str(error))
            raise Refused("unauthorized", f"Authentication error: {error}") from None
        return MeetLiteVisit(wire, self._registry, admitted, claims, handshake)

    def _identify(self, token: str | None, sid: str, address: str) -> tuple[Admitted, schemas.Claims]:
        """Return who brings a token. Where none is needed, a client without one is a guest."""
        admitted = self._access.identify(token, address)
        claims = dict(admitted.claims)
        if admitted.meaning is not None and admitted.meaning.peer_id is not None:
            claims["userId"] = admitted.meaning.peer_id
        if not claims and admitted.meaning is None:
            claims = {"userId": sid}
        try:
            return admitted, msgspec.convert(claims, schemas.Claims)
        except msgspec.ValidationError as error:
            raise NotAdmitted(401, f"the token does not fit: {error}") from None


class MeetLiteVisit:
    """One client of MeetLite."""

    def __init__(
        self,
        wire: EventWire,
        registry: RoomRegistry,
        admitted: Admitted,
        claims: schemas.Claims,
        handshake: Handshake,
    ) -> None:
        self._admitted = admitted
        self._wire = wire
        self._registry = registry
        self._claims = claims
        token = handshake.auth.get("token")
        self._address = handshake.address
        self._token = token if isinstance(token, str) else None
        self._user_id = str(claims.user_id)
        self._seat: Seat | None = None
        self._left = False

    def greet(self) -> None:
        """Say nothing: the client speaks first."""

    async def handle(self, call: Call) -> Reply[Any]:
        if call.name == "join-room":
            return await self._join(call)
        if self._seat is None:
            if call.name not in METHODS:
                raise RequestFailed(500, f'unknown event "{call.name[:100]}"', violation=True)
            raise RequestFailed(500, f"{call.name}: join a room first")
        return await perform(METHODS, self._seat, call)

    def answer(self, call: Call, value: Any) -> None:
        if call.name == "join-room":
            for event, data in value:
                self._wire.notify(event, data)
        elif call.name in ANSWERS:
            self._wire.notify(ANSWERS[call.name], value)

    def refuse(self, call: Call, reason: str) -> None:
        self._wire.notify("error", {"message": reason})

    def leave(self) -> None:
        self._left = True
        if self._seat is not None:
            self._seat.leave()

    async def _join(self, call: Call) -> Reply[Any]:
        """Take a seat and join. Capabilities follow later, and with them the tracks of the others."""
        if self._seat is not None:
            raise RequestFailed(500, f"join-room: this client is in room {self._seat.room.id} already")
        try:
            room_id = msgspec.convert(call.data, schemas.JoinRoom).room_id
        except msgspec.ValidationError as error:
            raise RequestFailed(500, f"join-room: {error}", violation=True) from None
        try:
            self._admitted.require_join(room_id)
            if self._claims.room_id not in (None, room_id):  # the client's own word, where no token is needed
                raise NotAdmitted(401, "the token is for another roomId")
        except NotAdmitted as error:
            raise RequestFailed(error.status, f"join-room: {error}") from None
        listener = MeetLiteListener(self._wire)
        try:
            seat = await self._registry.connect(
                room_id,
                self._user_id,
                listener,
                address=self._address,
                options=self._admitted.room_options,
                grants=self._admitted.grants,
                token=self._token,
            )
        except MediadError as error:
            self._registry.observer.refused(room_id, self._user_id, kind_of(error), str(error))
            raise RequestFailed(503, f"join-room: {error}") from None
        if self._left:
            seat.leave()
            raise RequestFailed(500, "the connection has ended")
        self._seat = seat
        self._wire.joined()
        claims = self._claims
        account = {"email": claims.email, "userId": self._user_id}
        name = claims.name or claims.email or self._user_id
        reply = seat.join(name, Device(), None, account=account, resumes_itself=True)
        return reply.spelled(lambda others: _welcome(seat, others))


def _welcome(seat: Seat, others: list[PeerInfo]) -> list[tuple[str, dict[str, Any]]]:
    """Return the events by which a participant is told of its room."""
    ids = [other.id for other in others]
    states = {peer_id: media_state(seat.room.peers[peer_id].tracks()) for peer_id in ids}
    people = {
        other.id: {
            "email": other.account.get("email", other.display_name),
            "userId": other.account.get("userId", other.id),
        }
        for other in others
    }
    return [
        ("router-rtp-capabilities", {"rtpCapabilities": seat.room.capabilities.to_wire()}),
        ("existing-participants", {"participants": ids}),
        ("room-data", {"participants": ids, "mediaState": states, "participantInfo": people}),
    ]


# -- requests of participants ------------------------------------------------------------------------------


async def _create_transport(seat: Seat, data: schemas.CreateTransport) -> Reply[Any]:
    if data.room_id not in (None, seat.room.id):
        raise InvalidState("this client is in another room")
    consuming = data.direction == "recv"
    if seat.peer.transport_for(consuming=consuming) is not None:
        raise InvalidState(f"there is a {data.direction} transport already")
    reply = await seat.transports.create(consuming=consuming, force_tcp=False)
    return reply.spelled(
        lambda transport: {"id": transport.id, **transport.parameters, "direction": data.direction}
    )


async def _connect_transport(seat: Seat, data: schemas.ConnectTransport) -> Reply[Any]:
    transport = _transport(seat, data.direction)
    return await seat.transports.connect(transport.id, msgspec.to_builtins(data.dtls_parameters))


async def _set_rtp_capabilities(seat: Seat, data: schemas.SetRtpCapabilities) -> Reply[Any]:
    return seat.set_capabilities(data.rtp_capabilities)


async def _create_producer(seat: Seat, data: schemas.CreateProducer) -> Reply[Any]:
    """Start a track; an older one of the same kind, of which the client says no end, is ended first."""
    transport = _transport(seat, "send")
    given = data.app_data or {}
    screen = bool(given.get("screen")) or data.kind.startswith("screen-")
    media = data.kind.removeprefix("screen-")
    older = _producer(seat, _kind(media, screen=screen))
    if older is not None:
        await seat.producing.close(older.id)
    # the words of other dialects for the same, for their clients
    app_data = {**given, "peerId": seat.peer.id, **({"screen": True, "share": True} if screen else {})}
    reply = await seat.producing.produce(transport.id, media, data.rtp_parameters, app_data)
    return reply.spelled(lambda producer: {"producerId": producer.id, "kind": data.kind})


async def _pause_producer(seat: Seat, data: schemas.ProducerKind) -> Reply[Any]:
    return await seat.producing.pause(_found(seat, data.kind).id)


async def _resume_producer(seat: Seat, data: schemas.ProducerKind) -> Reply[Any]:
    return await seat.producing.resume(_found(seat, data.kind).id)


async def _resume_consumer(seat: Seat, data: schemas.ConsumerData) -> Reply[Any]:
    reply = await seat.consuming.resume(data.consumer_id)
    return reply.spelled(lambda _: {"consumerId": data.consumer_id})


def _transport(seat: Seat, direction: str) -> Transport:
    transport = seat.peer.transport_for(consuming=direction == "recv")
    if transport is None:
        raise InvalidState(f"there is no {direction} transport yet")
    return transport


def _producer(seat: Seat, kind: str) -> Producer | None:
    for producer in seat.peer.producers():
        if _kind(producer.kind, screen=is_screen(producer.app_data)) == kind:
            return producer
    return None


def _found(seat: Seat, kind: str) -> Producer:
    producer = _producer(seat, kind)
    if producer is None:
        raise NotFound(f"there is no producer of kind {kind}")
    return producer


def _kind(media: str, *, screen: bool) -> str:
    return f"screen-{media}" if screen else media


METHODS: dict[str, Method] = {
    "create-webrtc-transport": Method(_create_transport, schemas.CreateTransport),
    "connect-webrtc-transport": Method(_connect_transport, schemas.ConnectTransport),
    "set-rtp-capabilities": Method(_set_rtp_capabilities, schemas.SetRtpCapabilities),
    "create-producer": Method(_create_producer, schemas.CreateProducer),
    "resume-consumer": Method(_resume_consumer, schemas.ConsumerData),
    "pause-producer": Method(_pause_producer, schemas.ProducerKind),
    "resume-producer": Method(_resume_producer, schemas.ProducerKind),
}

ANSWERS = {
    "create-webrtc-transport": "webrtc-transport-created",
    "create-producer": "producer-created",
    "resume-consumer": "consumer-resumed",
}
"""The event that answers each event; the others have no answer but `error`."""
