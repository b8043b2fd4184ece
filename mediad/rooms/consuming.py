"""Consuming: what a seat's client may ask for about the tracks that it receives."""

from __future__ import annotations

from typing import Any

from mediad.errors import InvalidState, NotFound, Unsupported
from mediad.pipe import requests
from mediad.rooms import track_offers
from mediad.rooms.entities import Consumer, Peer, Producer, Transport
from mediad.rooms.listener import ConsumerOffer
from mediad.rooms.reception import Reception
from mediad.rooms.reply import Reply
from mediad.rooms.room import Room
from mediad.rooms.transports import Transports
from mediad.rooms.unknown import Unknown

MOST_OF_ONE_TRACK = 4
"""The most consumers of one track in one transport, by asking: with a limit, asking costs no memory."""


class Consuming:
    """The requests of one peer about its consumers."""

    def __init__(self, room: Room, peer: Peer, transports: Transports) -> None:
        self._room = room
        self._peer = peer
        self._transports = transports

    async def consume(self, capabilities: dict[str, Any]) -> Reply[ConsumerOffer]:
        """Receive one more track; the answer describes its consumer, which is paused.

        It is the newest track that the peer does not receive yet. Tracks of others come before its own.
        Raises NotFound when there is none, Unsupported when the client has no codec for it, Forbidden when it
        may not receive it, InvalidState without a transport for consumers, InvalidInput for malformed
        capabilities.
        """
        self._peer.grants.require_subscribe()
        transport = self._peer.receiving_transport()
        if transport is None:
            raise InvalidState("there is no transport for consumers")
        reception = self._room.receptions.of(capabilities)
        return await self._receive(self._next_track(transport), transport, reception)

    async def consume_track(
        self, transport_id: str, producer_id: str, capabilities: dict[str, Any]
    ) -> Reply[ConsumerOffer]:
        """Receive this track on this transport; the answer describes its consumer, which is paused.

        Raises Unknown for either id, Unsupported when the client has no codec for the track, Forbidden when
        it may not receive it, InvalidState when it does so often enough, InvalidInput for malformed
        capabilities.
        """
        self._peer.grants.require_subscribe()
        transport = self._transports.find(transport_id)
        producer = self._room.books.producers.get(producer_id)
        if producer is None or not producer.announced:
            raise Unknown("producer", producer_id)
        return await self._receive(producer, transport, self._room.receptions.of(capabilities))

    async def _receive(
        self, producer: Producer, transport: Transport, reception: Reception
    ) -> Reply[ConsumerOffer]:
        form = reception.form(producer)
        if form is None:
            raise Unsupported(f'no codec in common for producer with id "{producer.id}"')
        has = sum(consumer.producer is producer for consumer in transport.consumers.values())
        if has >= MOST_OF_ONE_TRACK:
            raise InvalidState(
                f'too many consumers: the transport has {has} of producer with id "{producer.id}", close some'
            )
        consumer = await track_offers.consume(self._room, producer, transport, form)
        return Reply(consumer.offer())

    def _next_track(self, transport: Transport) -> Producer:
        received = {consumer.producer.id for consumer in transport.consumers.values()}
        producers = reversed(self._room.books.producers.values())
        left = [p for p in producers if p.announced and p.id not in received]
        if not left:
            raise NotFound("there is no track to receive")
        return min(left, key=lambda producer: producer.peer is self._peer)

    async def pause(self, consumer_id: str) -> Reply[None]:
        """Stop receiving a track for now."""
        consumer = self._find(consumer_id)
        consumer.paused = True
        await consumer.branch.ask(requests.PauseConsumer(consumer.id), about=consumer)
        return Reply(None)

    async def resume(self, consumer_id: str) -> Reply[None]:
        """Undo a pause. Before the client has accepted the consumer this is only remembered."""
        consumer = self._find(consumer_id)
        consumer.paused = False
        if consumer.accepted:
            await consumer.branch.ask(requests.ResumeConsumer(consumer.id), about=consumer)
        return Reply(None)

    async def set_preferred_layers(
        self, consumer_id: str, spatial_layer: int, temporal_layer: int | None
    ) -> Reply[None]:
        """Set the highest layers to send, None for every temporal one; single layers stay."""
        consumer = self._find(consumer_id)
        request = requests.SetPreferredLayers(consumer.id, spatial_layer, temporal_layer)
        await consumer.branch.ask(request, about=consumer)
        return Reply(None)

    async def set_priority(self, consumer_id: str, priority: int) -> Reply[None]:
        """Set the weight of a consumer when bandwidth is short: 1, the default, or more."""
        consumer = self._find(consumer_id)
        await consumer.branch.ask(requests.SetPriority(consumer.id, priority), about=consumer)
        return Reply(None)

    async def request_key_frame(self, consumer_id: str) -> Reply[None]:
        """Ask the sender for a key frame; do nothing for audio."""
        consumer = self._find(consumer_id)
        if consumer.kind == "video":
            await consumer.branch.ask(requests.RequestKeyFrame(consumer.id), about=consumer)
        return Reply(None)

    async def stats(self, consumer_id: str) -> Reply[requests.Statistics]:
        """Answer with the statistics of a consumer and of the stream it comes from."""
        consumer = self._find(consumer_id)
        answer = await consumer.branch.ask(requests.GetConsumerStats(consumer.id), about=consumer)
        return Reply(answer.stats)

    def _find(self, consumer_id: str) -> Consumer:
        consumer = self._room.books.consumers.get(consumer_id)
        if consumer is None or consumer.peer is not self._peer or not consumer.announced:
            raise Unknown("consumer", consumer_id)
        return consumer
