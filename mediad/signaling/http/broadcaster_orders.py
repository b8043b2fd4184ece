"""Orders: all that the owner of a broadcaster can ask for over HTTP, once it exists.

Where both dialects have the same path, the answer is in the broadcaster's own spelling.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from starlette.responses import PlainTextResponse, Response

from mediad.errors import InvalidInput, InvalidState
from mediad.rooms.entities import Peer
from mediad.rooms.listener import ConsumerOffer
from mediad.rooms.observer import LEFT
from mediad.rooms.plain_transports import PlainTransport
from mediad.rooms.reply import Reply
from mediad.rooms.seat import Seat
from mediad.signaling.dialects.demo_b import source_of
from mediad.signaling.dialects.demo_schemas import Produce
from mediad.signaling.http import broadcaster_schemas as schemas
from mediad.signaling.http.broadcaster import Broadcaster, Spelling
from mediad.signaling.http.exchange import json_response, read_as

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Order:
    """A request about a broadcaster."""

    broadcaster: Broadcaster
    names: Mapping[str, str]
    """The ids in its path."""
    query: Mapping[str, str]
    body: dict[str, Any]

    where: str
    """The path of the broadcaster."""

    @property
    def seat(self) -> Seat:
        return self.broadcaster.seat

    @property
    def in_a(self) -> bool:
        """True when the broadcaster is answered in dialect A."""
        return self.broadcaster.spelling is Spelling.A


OrderHandler = Callable[[Order], Awaitable[Response]]


def value_of(reply: Reply[T]) -> T:
    """Return the answer in a reply, and let what follows it happen."""
    values: list[T] = []
    reply.deliver(values.append)
    return values[0]


# -- membership --------------------------------------------------------------------------------------------


async def join(order: Order) -> Response:
    """Join the call, as a broadcaster of dialect B does when it has its transports."""
    broadcaster = order.broadcaster
    value_of(order.seat.join(broadcaster.display_name, broadcaster.device, None))
    return PlainTextResponse("BroadcasterPeer joined")


async def delete(order: Order) -> Response:
    order.seat.room.leave(order.seat.peer, LEFT, "it was deleted over HTTP")
    if order.in_a:
        return PlainTextResponse("broadcaster deleted")
    return Response(status_code=204)


# -- transports --------------------------------------------------------------------------------------------


async def create_transport(order: Order) -> Response:
    body = read_as(schemas.CreateTransport, order.body)
    kind = body.type or ("" if order.in_a else "plain")
    if kind == "plain":
        transport_id, parameters = await _create_plain(order, body)
    elif kind == "webrtc":
        transport_id, parameters = await _create_webrtc(order, body)
    else:
        raise InvalidInput("invalid type")
    return _created(order, "transports", "transportId", transport_id, parameters)


async def _create_webrtc(order: Order, body: schemas.CreateTransport) -> tuple[str, dict[str, Any]]:
    with_data = body.sctp_capabilities is not None
    transports = order.seat.transports
    transport = value_of(await transports.create(consuming=False, force_tcp=False, enable_sctp=with_data))
    return transport.id, transport.parameters


async def _create_plain(order: Order, body: schemas.CreateTransport) -> tuple[str, dict[str, Any]]:
    """Make a plain transport; what is left out is as in the two servers of mediasoup-demo."""
    if body.sctp_capabilities is not None:
        raise InvalidInput("sctpCapabilities: plain transports carry no data channels")
    transport = value_of(
        await order.seat.plain_transports.create(
            rtcp_mux=not order.in_a if body.rtcp_mux is None else body.rtcp_mux,
            comedia=order.in_a if body.comedia is None else body.comedia,
            srtp_crypto_suite=body.srtp_crypto_suite if body.enable_srtp else None,
        )
    )
    parameters = {"ip": transport.tuple.local_address, "port": transport.tuple.local_port}
    if transport.rtcp_tuple is not None:
        parameters["rtcpPort"] = transport.rtcp_tuple.local_port
    return transport.id, parameters | _key(transport)


async def connect_transport(order: Order) -> Response:
    transport_id = order.names["transport_id"]
    is_plain = order.seat.transports.find(transport_id).plain is not None
    if is_plain and "dtlsParameters" not in order.body:
        return await _connect_plain(order, transport_id)
    body = read_as(schemas.ConnectTransport, order.body)
    parameters = msgspec.to_builtins(body.dtls_parameters)
    value_of(await order.seat.transports.connect(transport_id, parameters))
    return PlainTextResponse("" if order.in_a else "Transport connected")


async def _connect_plain(order: Order, transport_id: str) -> Response:
    """Connect a plain transport; for an encrypted one the answer is the server's key, which may be new."""
    body = read_as(schemas.ConnectPlain, order.body)
    transport = value_of(
        await order.seat.plain_transports.connect(
            transport_id,
            ip=body.ip,
            port=body.port,
            rtcp_port=body.rtcp_port,
            srtp_parameters=body.srtp_parameters,
        )
    )
    if transport.srtp_parameters is not None:
        return json_response(_key(transport))
    return PlainTextResponse("" if order.in_a else "PlainTransport connected")


def _key(transport: PlainTransport) -> dict[str, Any]:
    key = transport.srtp_parameters
    return {} if key is None else {"srtpParameters": msgspec.to_builtins(key)}


def _created(
    order: Order, folder: str, name: str, entity_id: str, more: dict[str, Any] | None = None
) -> Response:
    """Answer with the id of what was made, under `name` in dialect B, which also tells its path."""
    if order.in_a:
        return json_response({"id": entity_id, **(more or {})})
    return json_response(
        {name: entity_id, **(more or {})}, 201, {"Location": f"{order.where}/{folder}/{entity_id}"}
    )


# -- sending -----------------------------------------------------------------------------------------------


async def produce_on(order: Order) -> Response:
    """Send a track on the transport that the path names, as in dialect A and the first scripts of B."""
    body = read_as(schemas.ProduceOn, order.body)
    app_data = {} if order.in_a else body.app_data or {}
    return await _produce(order, order.names["transport_id"], body.kind, body.rtp_parameters, app_data)


async def produce_in_b(order: Order) -> Response:
    body = read_as(Produce, order.body)
    return await _produce(order, body.transport_id, body.kind, body.rtp_parameters, body.app_data or {})


async def _produce(
    order: Order,
    transport_id: str,
    kind: str,
    rtp_parameters: dict[str, Any],
    app_data: dict[str, Any],
) -> Response:
    described = {**app_data, "peerId": order.seat.peer.id}
    producing = order.seat.producing
    producer = value_of(await producing.produce(transport_id, kind, rtp_parameters, described))
    return _created(order, "producers", "producerId", producer.id)


async def produce_data(order: Order) -> Response:
    body = read_as(schemas.ProduceData, order.body)
    stream, transport_id = body.sctp_stream_parameters, order.names["transport_id"]
    producing = order.seat.data.produce(transport_id, stream, body.label, body.protocol, body.app_data or {})
    return json_response({"id": value_of(await producing).id})


# -- receiving ---------------------------------------------------------------------------------------------


async def consume_on(order: Order) -> Response:
    """Receive a track on the transport that the path names.

    In dialect A it flows at once, with the capabilities that the broadcaster gave when it was made.
    """
    transport_id = order.names["transport_id"]
    if not order.in_a:
        wish = read_as(schemas.ConsumeOn, order.body)
        return await _consume_in_b(order, transport_id, wish)
    if order.broadcaster.capabilities is None:
        raise InvalidState("broadcaster does not have rtpCapabilities")
    capabilities = msgspec.json.decode(order.broadcaster.capabilities)
    producer_id = order.query.get("producerId", "")
    offer = await _consume(order, transport_id, producer_id, capabilities, paused=False)
    return json_response(
        {
            "id": offer.consumer_id,
            "producerId": offer.producer_id,
            "kind": offer.kind,
            "rtpParameters": offer.rtp_parameters,
            "type": offer.type,
        }
    )


async def consume_in_b(order: Order) -> Response:
    body = read_as(schemas.ConsumeB, order.body)
    return await _consume_in_b(order, body.transport_id, body)


async def _consume_in_b(order: Order, transport_id: str, wish: schemas.ConsumeOn) -> Response:
    offer = await _consume(order, transport_id, wish.producer_id, wish.rtp_capabilities, paused=wish.paused)
    return _created(order, "consumers", "consumerId", offer.consumer_id)


async def _consume(
    order: Order, transport_id: str, producer_id: str, capabilities: dict[str, Any], *, paused: bool
) -> ConsumerOffer:
    order.seat.peer.require_joined()
    consuming = order.seat.consuming
    offer = value_of(await consuming.consume_track(transport_id, producer_id, capabilities))
    if not paused:
        value_of(await consuming.resume(offer.consumer_id))
    return offer


async def resume_consumer(order: Order) -> Response:
    """Resume the consumer that the path names, or, as in the first scripts of dialect B, the body."""
    consumer_id = order.names.get("consumer_id") or read_as(schemas.Resume, order.body).consumer_id
    value_of(await order.seat.consuming.resume(consumer_id))
    return PlainTextResponse("Consumer resumed")


async def consume_data(order: Order) -> Response:
    order.seat.peer.require_joined()
    body = read_as(schemas.ConsumeData, order.body)
    consuming = order.seat.data.consume(order.names["transport_id"], body.data_producer_id)
    offer = value_of(await consuming)
    stream_id = offer.sctp_stream_parameters["streamId"]
    return json_response({"id": offer.data_consumer_id, "streamId": stream_id})


async def list_producers(order: Order) -> Response:
    """Answer with what the others send, and the codecs in which it can be received."""
    others = order.seat.room.joined_peers(but=order.seat.peer)
    return json_response({"peerProducersInfos": [_producers_of(other) for other in others]})


def _producers_of(peer: Peer) -> dict[str, Any]:
    return {
        "peerId": peer.id,
        "producers": [
            {
                "producerId": producer.id,
                "kind": producer.kind,
                "source": source_of(producer.kind, producer.app_data),
                "consumableCodecs": producer.consumable.to_wire()["codecs"],
            }
            for producer in peer.producers()
        ],
    }


_TRANSPORT = "/transports/{transport_id}"

ORDERS: tuple[tuple[str, str, OrderHandler], ...] = (
    ("DELETE", "", delete),
    ("POST", "/join", join),
    ("POST", "/transports", create_transport),
    ("POST", f"{_TRANSPORT}/connect", connect_transport),
    ("POST", f"{_TRANSPORT}/producers", produce_on),
    ("POST", f"{_TRANSPORT}/consume", consume_on),
    ("POST", f"{_TRANSPORT}/resume", resume_consumer),
    ("POST", f"{_TRANSPORT}/produce/data", produce_data),
    ("POST", f"{_TRANSPORT}/consume/data", consume_data),
    ("POST", "/producers", produce_in_b),
    ("GET", "/peerProducersInfos", list_producers),
    ("POST", "/consumers", consume_in_b),
    ("POST", "/consumers/{consumer_id}/resume", resume_consumer),
)
"""Every order: its method, its path below that of the broadcaster, and who carries it out."""
