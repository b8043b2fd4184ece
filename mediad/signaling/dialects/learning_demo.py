"""The dialect of the learning demo: a client publishes tracks and asks for tracks, by events with callbacks.

Without `roomId` in the handshake's query it is alone in its room, and receives its own tracks.
"""

from __future__ import annotations

from typing import Any

import msgspec

from mediad.errors import InvalidState, MediadError
from mediad.rooms.entities import Transport
from mediad.rooms.listener import CloseCause, Device
from mediad.rooms.quiet_listener import QuietListener
from mediad.rooms.registry import RoomRegistry
from mediad.rooms.reply import Reply
from mediad.rooms.seat import Seat
from mediad.signaling.access import Access, NotAdmitted
from mediad.signaling.dialects import learning_demo_schemas as schemas
from mediad.signaling.dialects.dialect import Method
from mediad.signaling.dialects.event_dialect import Call, EventWire, Handshake, Refused, kind_of, perform

NAMESPACE = "/mediasoup"


class LearningDemo:
    """The dialect: a client takes its seat as it connects."""

    def __init__(self, registry: RoomRegistry, access: Access) -> None:
        self._registry = registry
        self._access = access

    async def admit(self, wire: EventWire, handshake: Handshake) -> LearningVisit:
        """Judge a client that connects, and give it a seat. Raises Refused."""
        room_id, token = handshake.query.get("roomId") or f"learning-{wire.sid}", handshake.auth.get("token")
        if len(room_id) > schemas.MAX_ID_LENGTH:
            raise Refused("malformed", f"roomId is limited to {schemas.MAX_ID_LENGTH} characters")
        token = token if isinstance(token, str) else None
        await self._access.ready_for(token)
        try:
            admitted = self._access.require_token(token, room_id, None, handshake.address)
            admitted.require_join(room_id)
        except NotAdmitted as error:
            self._registry.observer.refused(room_id, wire.sid, "unauthorized", str(error))
            raise Refused("unauthorized", f"Authentication error: {error}") from None
        visit = LearningVisit(wire)
        try:
            seat = await self._registry.connect(
                room_id,
                wire.sid,
                visit.listener,
                address=handshake.address,
                options=admitted.room_options,
                grants=admitted.grants,
                token=token if isinstance(token, str) else None,
            )
        except MediadError as error:
            self._registry.observer.refused(room_id, wire.sid, kind_of(error), str(error))
            raise Refused("unavailable", str(error)) from None
        visit.sit(seat)
        return visit


class LearningVisit:
    """One client of the learning demo."""

    def __init__(self, wire: EventWire) -> None:
        self.listener = LearningListener(wire)
        self._wire = wire
        self._seat: Seat | None = None

    def sit(self, seat: Seat) -> None:
        """Take this seat, and join: there is no event for it."""
        self._seat = seat
        seat.join("learning demo", Device(), None).deliver(lambda others: self._wire.joined())

    def greet(self) -> None:
        self._wire.notify("connection-success", {"socketId": self._wire.sid})

    async def handle(self, call: Call) -> Reply[Any]:
        assert self._seat is not None
        return await perform(METHODS, self._seat, call)

    def answer(self, call: Call, value: Any) -> None:
        if call.ack_id is not None:
            self._wire.acknowledge(call.ack_id, [] if value is None else [value])

    def refuse(self, call: Call, reason: str) -> None:
        if call.ack_id is not None:
            error = {"error": reason}
            self._wire.acknowledge(call.ack_id, [{"params": error} if call.name in _WITH_PARAMS else error])

    def leave(self) -> None:
        if self._seat is not None:
            self._seat.leave()


class LearningListener(QuietListener):
    """The listener: a client is told only of the end of its connection."""

    def __init__(self, wire: EventWire) -> None:
        self._wire = wire

    def closed(self, cause: CloseCause, reason: str) -> None:
        self._wire.close(cause, reason)


# -- requests ----------------------------------------------------------------------------------------------


async def _get_router_rtp_capabilities(seat: Seat, data: schemas.Anything) -> Reply[Any]:
    return seat.router_capabilities().spelled(lambda capabilities: {"routerRtpCapabilities": capabilities})


async def _create_transport(seat: Seat, data: schemas.CreateTransport) -> Reply[Any]:
    if seat.peer.transport_for(consuming=not data.sender) is not None:
        raise InvalidState("there is a transport for this direction already")
    reply = await seat.transports.create(consuming=not data.sender, force_tcp=False)
    return reply.spelled(lambda transport: {"params": {"id": transport.id, **transport.parameters}})


async def _connect_producer_transport(seat: Seat, data: schemas.ConnectTransport) -> Reply[Any]:
    return await _connect(seat, _transport(seat, consuming=False), data)


async def _connect_consumer_transport(seat: Seat, data: schemas.ConnectTransport) -> Reply[Any]:
    return await _connect(seat, _transport(seat, consuming=True), data)


async def _connect(seat: Seat, transport: Transport, data: schemas.ConnectTransport) -> Reply[Any]:
    reply = await seat.transports.connect(transport.id, msgspec.to_builtins(data.dtls_parameters))
    return reply.spelled(lambda _: None)


async def _produce(seat: Seat, data: schemas.Produce) -> Reply[Any]:
    transport = _transport(seat, consuming=False)
    app_data = {"peerId": seat.peer.id}
    reply = await seat.producing.produce(transport.id, data.kind, data.rtp_parameters, app_data)
    return reply.spelled(lambda producer: {"id": producer.id})


async def _consume(seat: Seat, data: schemas.Consume) -> Reply[Any]:
    """Give one more track. Video waits until the client resumes it, audio does not."""
    reply = await seat.consuming.consume(data.rtp_capabilities)
    for consumer in seat.peer.consumers():
        if consumer.kind == "audio" and consumer.paused:
            await seat.consuming.resume(consumer.id)
    return reply.spelled(
        lambda offer: {
            "params": {
                "producerId": offer.producer_id,
                "id": offer.consumer_id,
                "kind": offer.kind,
                "rtpParameters": offer.rtp_parameters,
            }
        }
    )


async def _resume_paused_consumer(seat: Seat, data: schemas.Anything) -> Reply[Any]:
    consumers = seat.peer.consumers()
    if not consumers:
        raise InvalidState("there is no consumer to resume")
    for consumer in consumers:
        reply = await seat.consuming.resume(consumer.id)
    return reply


def _transport(seat: Seat, *, consuming: bool) -> Transport:
    transport = seat.peer.transport_for(consuming=consuming)
    if transport is None:
        raise InvalidState("there is no transport for this direction yet")
    return transport


METHODS: dict[str, Method] = {
    "getRouterRtpCapabilities": Method(_get_router_rtp_capabilities, schemas.Anything),
    "createTransport": Method(_create_transport, schemas.CreateTransport),
    "connectProducerTransport": Method(_connect_producer_transport, schemas.ConnectTransport),
    "transport-produce": Method(_produce, schemas.Produce),
    "connectConsumerTransport": Method(_connect_consumer_transport, schemas.ConnectTransport),
    "consumeMedia": Method(_consume, schemas.Consume),
    "resumePausedConsumer": Method(_resume_paused_consumer, schemas.Anything),
}

_WITH_PARAMS = frozenset({"createTransport", "consumeMedia"})
"""The requests whose errors stand where their parameters would."""
