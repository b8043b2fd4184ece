"""Orders: all that the owner of a broadcaster can ask for over HTTP, once it exists.

Where both dialects have the same path, the answer is in the broadcaster's own spelling.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from starlette.responses import JSONResponse, PlainTextResponse, Response

from mediad.errors import InvalidInput, InvalidState
from mediad.rooms.entities import Peer
from mediad.rooms.listener import ConsumerOffer
from mediad.rooms.reply import Reply
from mediad.rooms.seat import Seat
from mediad.signaling.dialects.demo_b import source_of
from mediad.signaling.dialects.demo_schemas import Produce
from mediad.signaling.http import broadcaster_schemas as schemas
from mediad.signaling.http.broadcaster import Broadcaster, Spelling
from mediad.signaling.http.exchange import Failed, read_as

NO_PLAIN = "plain transports are not there yet, only those of type 'webrtc'"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Order:
    """A request about a broadcaster."""

    broadcaster: Broadcaster
    names: Mapping[str, str]
    """The ids in its path."""
    query: Mapping[str, str]
    body: dict[str, Any]

    @property
    def seat(self) -> Seat:
        return self.broadcaster.seat


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
    order.seat.leave()
    if order.broadcaster.spelling is Spelling.A:
        return PlainTextResponse("broadcaster deleted")
    return Response(status_code=204)


# -- transports --------------------------------------------------------------------------------------------


async def create_transport(order: Order) -> Response:
    body = read_as(schemas.CreateTransport, order.body)
    in_a = order.broadcaster.spelling is Spelling.A
    kind = body.type or ("" if in_a else "plain")
    if kind == "plain":
        raise Failed(501, NO_PLAIN)
    if kind != "webrtc":
        raise InvalidInput("invalid type")
    with_data = body.sctp_capabilities is not None
    transports = order.seat.transports
    transport = value_of(await transports.create(consuming=False, force_tcp=False, enable_sctp=with_data))
    name = "id" if in_a else "transportId"
    return JSONResponse({name: transport.id, **transport.parameters}, 200 if in_a else 201)


async def connect_transport(order: Order) -> Response:
    if "ip" in order.body:
        raise Failed(501, NO_PLAIN)
    body = read_as(schemas.ConnectTransport, order.body)
    parameters = msgspec.to_builtins(body.dtls_parameters)
    value_of(await order.seat.transports.connect(order.names["transport_id"], parameters))
    return PlainTextResponse("" if order.broadcaster.spelling is Spelling.A else "Transport connected")


# -- sending -----------------------------------------------------------------------------------------------


async def produce_in_a(order: Order) -> Response:
    body = read_as(schemas.ProduceA, order.body)
    producer_id = await _produce(order, order.names["transport_id"], body.kind, body.rtp_parameters, {})
    return JSONResponse({"id": producer_id})


async def produce_in_b(order: Order) -> Response:
    body = read_as(Produce, order.body)
    app_data = body.app_data or {}
    producer_id = await _produce(order, body.transport_id, body.kind, body.rtp_parameters, app_data)
    return JSONResponse({"producerId": producer_id}, 201)


async def _produce(
    order: Order,
    transport_id: str,
    kind: str,
    rtp_parameters: dict[str, Any],
    app_data: dict[str, Any],
) -> str:
    described = {**app_data, "peerId": order.seat.peer.id}
    producing = order.seat.producing
    return value_of(await producing.produce(transport_id, kind, rtp_parameters, described)).id


async def produce_data(order: Order) -> Response:
    body = read_as(schemas.ProduceData, order.body)
    stream, transport_id = body.sctp_stream_parameters, order.names["transport_id"]
    producing = order.seat.data.produce(transport_id, stream, body.label, body.protocol, body.app_data or {})
    return JSONResponse({"id": value_of(await producing).id})


# -- receiving ---------------------------------------------------------------------------------------------


async def consume_in_a(order: Order) -> Response:
    """Receive a track at once, with the capabilities that the broadcaster gave when it was made."""
    if order.broadcaster.capabilities is None:
        raise InvalidState("broadcaster does not have rtpCapabilities")
    capabilities = msgspec.json.decode(order.broadcaster.capabilities)
    producer_id = order.query.get("producerId", "")
    offer = await _consume(order, order.names["transport_id"], producer_id, capabilities, paused=False)
    return JSONResponse(
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
    offer = await _consume(
        order, body.transport_id, body.producer_id, body.rtp_capabilities, paused=body.paused
    )
    return JSONResponse({"consumerId": offer.consumer_id}, 201)


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
    value_of(await order.seat.consuming.resume(order.names["consumer_id"]))
    return PlainTextResponse("Consumer resumed")


async def consume_data(order: Order) -> Response:
    order.seat.peer.require_joined()
    body = read_as(schemas.ConsumeData, order.body)
    consuming = order.seat.data.consume(order.names["transport_id"], body.data_producer_id)
    offer = value_of(await consuming)
    stream_id = offer.sctp_stream_parameters["streamId"]
    return JSONResponse({"id": offer.data_consumer_id, "streamId": stream_id})


async def list_producers(order: Order) -> Response:
    """Answer with what the others send, and the codecs in which it can be received."""
    others = order.seat.room.joined_peers(but=order.seat.peer)
    return JSONResponse({"peerProducersInfos": [_producers_of(other) for other in others]})


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
    ("POST", f"{_TRANSPORT}/producers", produce_in_a),
    ("POST", f"{_TRANSPORT}/consume", consume_in_a),
    ("POST", f"{_TRANSPORT}/produce/data", produce_data),
    ("POST", f"{_TRANSPORT}/consume/data", consume_data),
    ("POST", "/producers", produce_in_b),
    ("GET", "/peerProducersInfos", list_producers),
    ("POST", "/consumers", consume_in_b),
    ("POST", "/consumers/{consumer_id}/resume", resume_consumer),
)
"""Every order: its method, its path below that of the broadcaster, and who carries it out."""
