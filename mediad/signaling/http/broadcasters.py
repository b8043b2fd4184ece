"""Broadcasters over HTTP: the rooms' capabilities, and how a broadcaster is made and found.

Both servers of mediasoup-demo have such an API, on the same paths with different bodies. A broadcaster is
made in one of the two spellings, and answered in it. Requests about one are in `broadcaster_orders.py`.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from mediad.errors import Forbidden, InvalidInput, InvalidState, MediadError, NotFound, Unavailable
from mediad.ortc.parameters import RtpCapabilities
from mediad.rooms.asker import set_asker
from mediad.rooms.entities import Peer
from mediad.rooms.grants import Grants, NotGranted
from mediad.rooms.listener import Device
from mediad.rooms.plain_transports import AlreadyConnected
from mediad.rooms.reception import Reception
from mediad.rooms.registry import RoomRegistry
from mediad.rooms.seat import Seat
from mediad.signaling.access import Access
from mediad.signaling.dialects.demo_listener import device_data
from mediad.signaling.http import broadcaster_schemas as schemas
from mediad.signaling.http import exchange
from mediad.signaling.http.broadcaster import Broadcaster, Spelling
from mediad.signaling.http.broadcaster_orders import Order, OrderHandler, value_of
from mediad.signaling.http.exchange import Endpoint, Failed, json_response

ONE = "/rooms/{room_id}/broadcasters/{peer_id}"
"""The path of a broadcaster."""

MAX_ID_LENGTH = 128


@dataclass(frozen=True, slots=True)
class _Owner:
    """Whoever asks for a broadcaster: where from, and what its token allows."""

    address: str | None
    grants: Grants


class BroadcasterEndpoints:
    """The handlers of the paths."""

    def __init__(self, registry: RoomRegistry, access: Access) -> None:
        self._registry = registry
        self._access = access
        self.room: Endpoint = exchange.failing(self._room)
        """Answers GET /rooms/ROOM with the room's RTP capabilities, in the spelling of both dialects."""
        self.create: Endpoint = exchange.failing(self._create)
        """Answers POST /rooms/ROOM/broadcasters, which makes a broadcaster."""

    def about(self, handler: OrderHandler) -> Endpoint:
        """Return an endpoint that hands requests about a broadcaster to `handler`."""

        async def endpoint(request: Request) -> Response:
            names = request.path_params
            room_id, peer_id = names["room_id"], names["peer_id"]
            grants = self._admit(request, room_id, peer_id)
            set_asker(room_id, peer_id)
            body = await exchange.read_object(request)
            broadcaster = self._find(room_id, peer_id)
            broadcaster.seat.renew(grants)
            try:
                where = _path(room_id, peer_id)
                answer = await handler(Order(broadcaster, names, request.query_params, body, where))
            except MediadError as error:
                if isinstance(error, NotGranted):
                    self._registry.observer.grant_refused(error.grant)
                raise _failed(error, broadcaster.spelling) from None
            return answer

        return exchange.failing(endpoint)

    def _admit(self, request: Request, room_id: str, peer_id: str | None) -> Grants:
        """Judge origin and token, and return its grants; operators are told of a refusal. Raises Failed."""
        try:
            return exchange.require_admitted(request, self._access, room_id, peer_id).grants
        except Failed as failed:
            kind = exchange.REFUSALS[failed.status]
            names = room_id[:MAX_ID_LENGTH], (peer_id or "")[:MAX_ID_LENGTH]
            self._registry.observer.refused(*names, kind, str(failed))
            raise

    def _find(self, room_id: str, peer_id: str) -> Broadcaster:
        peer = self._registry.room(room_id).peers.get(peer_id)
        if peer is None or not isinstance(peer.listener, Broadcaster):
            raise NotFound(f'broadcaster with id "{peer_id[:100]}" not found')
        return peer.listener

    async def _room(self, request: Request) -> Response:
        room_id = request.path_params["room_id"]
        self._admit(request, room_id, None)
        capabilities = self._registry.room(room_id).capabilities.to_wire()
        # the one dialect has the capabilities themselves, the other an object that holds them
        return json_response({**capabilities, "routerRtpCapabilities": capabilities})

    async def _create(self, request: Request) -> Response:
        room_id = request.path_params["room_id"]
        body = await exchange.read_object(request)
        spelling = Spelling.B if "peerId" in body else Spelling.A
        peer_id = body.get("peerId" if spelling is Spelling.B else "id")
        grants = self._admit(request, room_id, peer_id if isinstance(peer_id, str) else "")
        owner = _Owner(request.client.host if request.client is not None else None, grants)
        try:
            if spelling is Spelling.B:
                answer = await self._create_b(room_id, owner, exchange.read_as(schemas.CreateB, body))
            else:
                answer = await self._create_a(room_id, owner, exchange.read_as(schemas.CreateA, body))
        except NotFound:
            raise
        except MediadError as error:
            raise _failed(error, spelling) from None
        return answer

    async def _create_a(self, room_id: str, owner: _Owner, body: schemas.CreateA) -> Response:
        """Make a broadcaster that joins at once; the answer tells what it could receive."""
        _require_complete(body)
        room = self._registry.room(room_id)
        if body.id in room.peers:
            what = "broadcaster" if isinstance(room.peers[body.id].listener, Broadcaster) else "peer"
            raise InvalidState(f'{what} with id "{body.id}" already exists')
        capabilities = None if body.rtp_capabilities is None else _capabilities(body)
        device = Device("broadcaster", body.device.name, body.device.version)
        # as text they take less memory, and a broadcaster may exist for long
        kept = None if capabilities is None else msgspec.json.encode(capabilities)
        broadcaster = Broadcaster(Spelling.A, body.display_name, device, kept)
        seat = await self._seat(room_id, body.id, broadcaster, owner)
        value_of(seat.join(body.display_name, device, None))
        if capabilities is None:
            return json_response({"peers": []})
        reception = room.receptions.of(capabilities)
        others = room.joined_peers(but=seat.peer)
        return json_response({"peers": [_peer(other, reception) for other in others]})

    async def _create_b(self, room_id: str, owner: _Owner, body: schemas.CreateB) -> Response:
        """Make a broadcaster that has yet to join; a peer of the same id is replaced."""
        device = Device(body.device.flag, body.device.name, body.device.version)
        broadcaster = Broadcaster(Spelling.B, body.display_name, device)
        await self._seat(room_id, body.peer_id, broadcaster, owner)
        where = {"Location": _path(room_id, body.peer_id)}
        return PlainTextResponse("BroadcasterPeer created", 201, where)

    async def _seat(self, room_id: str, peer_id: str, broadcaster: Broadcaster, owner: _Owner) -> Seat:
        broadcaster.seat = await self._registry.enter(
            room_id, peer_id, broadcaster, address=owner.address, grants=owner.grants
        )
        return broadcaster.seat


def _path(room_id: str, peer_id: str) -> str:
    return f"/rooms/{quote(room_id, safe='')}/broadcasters/{quote(peer_id, safe='')}"


def _require_complete(body: schemas.CreateA) -> None:
    """Raise InvalidInput for what is missing, in the words of dialect A's server."""
    for name, value in (
        ("id", body.id),
        ("displayName", body.display_name),
        ("device.name", body.device.name),
    ):
        if not value:
            raise InvalidInput(f"missing body.{name}")
    if len(body.id) > MAX_ID_LENGTH:
        raise InvalidInput(f"body.id is limited to {MAX_ID_LENGTH} characters")


def _capabilities(body: schemas.CreateA) -> dict[str, Any]:
    """Return the capabilities of a body without all that means nothing."""
    try:
        return RtpCapabilities.from_wire(body.rtp_capabilities).to_wire()
    except InvalidInput:
        raise InvalidInput("wrong body.rtpCapabilities") from None


def _peer(peer: Peer, reception: Reception) -> msgspec.Raw:
    """Return a peer with those of its tracks that the broadcaster could receive, as JSON."""
    producers = [
        {"id": producer.id, "kind": producer.kind}
        for transport in peer.transports.values()
        for producer in transport.producers.values()
        if producer.announced and reception.form(producer) is not None
    ]
    begin = _beginning(peer.id, peer.info.display_name, peer.info.device)
    return msgspec.Raw(begin + (msgspec.json.encode(producers) if producers else b"[]") + b"}")


@functools.lru_cache(2048)
def _beginning(peer_id: str, display_name: str, device: Device) -> bytes:
    """Return the JSON of a peer up to its tracks: in a large room each newcomer is told the same of all."""
    described = {"id": peer_id, "displayName": display_name, "device": device_data(device)}
    return msgspec.json.encode(described)[:-1] + b',"producers":'


def _failed(error: MediadError, spelling: Spelling) -> Failed:
    """Return the error with its status.

    Dialect A knows 400 for what its client has done wrong, and 500; but 503 says when to try again, and 403
    that trying again is in vain.
    """
    status = exchange.status_of(error)
    if spelling is Spelling.A and not isinstance(error, InvalidInput | Unavailable | NotGranted):
        status = 400 if isinstance(error, Forbidden | AlreadyConnected) else 500
    return Failed(status, str(error), exchange.headers_of(error))
