"""Producing: what a seat's client may ask for about the tracks that it sends."""

from __future__ import annotations

import functools
import secrets
from typing import Any
from uuid import uuid4

import msgspec

from mediad.errors import InvalidInput, InvalidState
from mediad.ortc.acceptance import AcceptedProducer, accept_producer
from mediad.ortc.parameters import MAX_ENCODINGS, RtpParameters
from mediad.pipe import requests
from mediad.pipe import rtp as pipe
from mediad.rooms import offers, uplink_shares
from mediad.rooms.entities import Peer, Producer, Transport, draw_ssrc
from mediad.rooms.reply import Reply
from mediad.rooms.room import Room
from mediad.rooms.transports import Transports
from mediad.rooms.unknown import Unknown

_MAX_APP_DATA_BYTES = 16 * 1024
"""The most bytes of appData, which is copied to all peers of the room: it is for labels, not for content."""

_MAX_APP_DATA_VALUES = 256
"""The most values in it: an empty array has two bytes on the wire and 56 in memory."""


class Producing:
    """The requests of one peer about its producers."""

    def __init__(self, room: Room, peer: Peer, transports: Transports) -> None:
        self._room = room
        self._peer = peer
        self._transports = transports

    async def produce(
        self, transport_id: str, kind: str, rtp_parameters: dict[str, Any], app_data: dict[str, Any]
    ) -> Reply[Producer]:
        """Start sending a track; the answer is its producer. After it the others are offered the track.

        Raises InvalidInput or Unsupported for a track that this room cannot have, Forbidden for one that the
        peer may not send, InvalidState when the peer has not joined, or has left meanwhile.
        """
        self._peer.require_joined()
        self._peer.grants.require_publish()
        require_small(app_data)
        transport = self._transports.find(transport_id)
        has, limits = self._peer.producer_count(), self._room.limits
        limits.budgets.require_below("peer_producers", has, limits.producers_per_peer, self._peer.holder[1])
        self._peer.grants.require_producers(has)
        accepted = self._accept(transport, kind, RtpParameters.from_wire(rtp_parameters))
        producer = Producer(
            str(uuid4()), accepted.kind, accepted.type, transport, accepted.consumable, app_data
        )
        producer.require_granted()
        _claim(producer, accepted.rtp_parameters)
        try:
            producer.claim = transport.branch.stock.claim("producers", self._peer.holder, has=has)
        except BaseException:
            transport.claims.release(producer.id)
            raise
        self._room.books.enter_producer(producer)
        try:
            await uplink_shares.settle(self._peer)
            await self._create_producer(producer, accepted)
        except BaseException:
            self._room.books.forget_producer(producer)
            raise
        if producer.closed:
            producer.branch.discard(requests.CloseProducer(producer.id))
            producer.require_granted()
            raise InvalidState("peer closed")
        producer.created = True
        return Reply(producer, functools.partial(offers.announce, self._room, producer))

    def _accept(self, transport: Transport, kind: str, parameters: RtpParameters) -> AcceptedProducer:
        return accept_producer(
            kind,
            parameters,
            self._room.capabilities,
            cname=transport.cname or parameters.rtcp.cname or secrets.token_hex(4),
            mapped_ssrc=draw_ssrc(MAX_ENCODINGS),
        )

    async def _create_producer(self, producer: Producer, accepted: AcceptedProducer) -> None:
        creation = requests.CreateProducer(
            transport_id=producer.transport.id,
            producer_id=producer.id,
            kind=accepted.kind,
            rtp_parameters=pipe.RtpParameters.from_wire(accepted.rtp_parameters.to_wire()),
            rtp_mapping=pipe.RtpMapping.of(accepted.mapping.payload_types),
            levels=accepted.kind == "audio",
        )
        await producer.branch.make(creation, requests.CloseProducer(producer.id), about=producer)

    async def close(self, producer_id: str) -> Reply[None]:
        """End a track; its receivers are told."""
        producer = self._find(producer_id)
        self._room.books.forget_producer(producer)
        await producer.branch.ask(requests.CloseProducer(producer.id))
        await uplink_shares.settle(self._peer)
        return Reply(None)

    async def pause(self, producer_id: str) -> Reply[None]:
        """Stop forwarding a track; the others are told once."""
        producer = self._find(producer_id)
        if not producer.paused:
            producer.paused = True
            for consumer in producer.announced_consumers():
                consumer.peer.listener.consumer_paused(consumer.id)
            self._room.tell_tracks(self._peer)
        self._room.pipes.tell(producer, requests.PauseProducer(producer.id))
        await producer.branch.ask(requests.PauseProducer(producer.id), about=producer)
        return Reply(None)

    async def resume(self, producer_id: str) -> Reply[None]:
        """Undo a pause."""
        producer = self._find(producer_id)
        if producer.paused:
            producer.paused = False
            for consumer in producer.announced_consumers():
                consumer.peer.listener.consumer_resumed(consumer.id)
            self._room.tell_tracks(self._peer)
        self._room.pipes.tell(producer, requests.ResumeProducer(producer.id))
        await producer.branch.ask(requests.ResumeProducer(producer.id), about=producer)
        return Reply(None)

    async def stats(self, producer_id: str) -> Reply[requests.Statistics]:
        """Answer with the statistics of a producer."""
        producer = self._find(producer_id)
        answer = await producer.branch.ask(requests.GetProducerStats(producer.id), about=producer)
        return Reply(answer.stats)

    def _find(self, producer_id: str) -> Producer:
        producer = self._room.books.producers.get(producer_id)
        if producer is None or producer.peer is not self._peer or not producer.created:
            raise Unknown("producer", producer_id)
        return producer


def require_small(app_data: dict[str, Any]) -> None:
    """Raise InvalidInput for appData that is too large for copying it to everybody."""
    if len(msgspec.json.encode(app_data)) > _MAX_APP_DATA_BYTES:
        raise InvalidInput(f"appData is larger than {_MAX_APP_DATA_BYTES} bytes")
    counted = 0
    left: list[Any] = [app_data]
    while left:
        value = left.pop()
        counted += 1
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        if counted + len(left) + len(inner) > _MAX_APP_DATA_VALUES:
            raise InvalidInput(f"appData has more than {_MAX_APP_DATA_VALUES} values")
        left.extend(inner)


def _claim(producer: Producer, parameters: RtpParameters) -> None:
    """Claim the streams on the producer's transport; the first producer settles the transport's CNAME."""
    encodings = parameters.encodings
    producer.transport.claims.claim(
        producer.id,
        parameters.mid,
        [ssrc for e in encodings for ssrc in (e.ssrc, e.rtx_ssrc) if ssrc is not None],
        [encoding.rid for encoding in encodings if encoding.rid is not None],
    )
    producer.transport.cname = parameters.rtcp.cname or ""
