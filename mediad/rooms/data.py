"""Data: what a seat's client may ask for about its data channels.

Messages on a channel with the label `bot` go to the room's bot alone; those of every other label go to all
other peers that take data. mediasoup's demo passes on no label but `chat`: an app that labels its channels
otherwise would get an answer there, and reach nobody.
"""

from __future__ import annotations

import functools
from typing import Any
from uuid import uuid4

import msgspec

from mediad.errors import InvalidInput, InvalidState
from mediad.ortc.sctp import SctpStreamParameters
from mediad.pipe import data_requests as pipe
from mediad.pipe.requests import Statistics
from mediad.rooms import data_offers, offers
from mediad.rooms.bot import LABEL
from mediad.rooms.entities import DataConsumer, DataProducer, Peer, Transport
from mediad.rooms.listener import DataConsumerOffer
from mediad.rooms.producing import require_small
from mediad.rooms.reply import Reply
from mediad.rooms.room import Room
from mediad.rooms.transports import Transports
from mediad.rooms.unknown import Unknown


class Data:
    """The requests of one peer about its data producers and data consumers."""

    def __init__(self, room: Room, peer: Peer, transports: Transports) -> None:
        self._room = room
        self._peer = peer
        self._transports = transports

    async def produce(
        self,
        transport_id: str,
        sctp_stream_parameters: dict[str, Any],
        label: str,
        protocol: str,
        app_data: dict[str, Any],
    ) -> Reply[DataProducer]:
        """Start sending messages; the answer is their data producer. After it the others are offered it.

        Raises InvalidInput for a stream that is malformed or in use, Forbidden for a peer that may not send
        data, InvalidState when the transport has no SCTP, and when the peer has not joined, has too many, or
        has left meanwhile.
        """
        self._peer.require_joined()
        self._peer.grants.require_data()
        require_small(app_data)
        stream = SctpStreamParameters.from_wire(sctp_stream_parameters)
        transport = self._transports.find(transport_id)
        _require_free(transport, stream)
        has, limits, holder = self._peer.data_producer_count(), self._room.limits, self._peer.holder[1]
        limits.budgets.require_below("peer_data_producers", has, limits.data_producers_per_peer, holder)
        claim = transport.branch.stock.claim("data producers", self._peer.holder, has=has)
        identifier = str(uuid4())
        producer = DataProducer(
            identifier, transport.branch, transport, label, protocol, app_data, stream, claim
        )
        self._room.books.enter_data_producer(producer)
        closing = pipe.CloseDataProducer(producer.id)
        try:
            await producer.branch.make(_creation(producer, transport, stream), closing, about=producer)
            if label == LABEL:
                await self._room.bot.listen(producer)
        except BaseException:
            self._room.books.forget_data_producer(producer)
            raise
        if producer.closed:
            producer.branch.discard(closing)
            self._peer.grants.require_data()
            raise InvalidState("closed meanwhile")
        producer.created = True
        return Reply(producer, functools.partial(offers.announce_data, self._room, self._peer, producer))

    async def consume(self, transport_id: str, data_producer_id: str) -> Reply[DataConsumerOffer]:
        """Receive the messages of a data producer on this transport; the answer describes its data consumer.

        Raises Unknown for either id, Forbidden for a peer that may not receive, InvalidState when the
        transport has no SCTP or the peer has too many, Full when the worker has no room for it.
        """
        self._peer.grants.require_subscribe()
        transport = self._transports.find(transport_id)
        _require_sctp(transport)
        producer = self._room.books.data_producers.get(data_producer_id)
        if producer is None or not producer.announced:
            raise Unknown("dataProducer", data_producer_id)
        return Reply(await data_offers.consume(self._room, producer, transport))

    async def close_producer(self, data_producer_id: str) -> Reply[None]:
        """End a channel that the client sends on; its receivers are told."""
        producer = self._find_producer(data_producer_id)
        self._room.books.forget_data_producer(producer)
        await producer.branch.ask(pipe.CloseDataProducer(producer.id))
        return Reply(None)

    async def close_consumer(self, data_consumer_id: str) -> Reply[None]:
        """End a channel that the client receives on."""
        consumer = self._find_consumer(data_consumer_id)
        self._room.books.forget_data_consumer(consumer)
        await consumer.branch.ask(pipe.CloseDataConsumer(consumer.id))
        return Reply(None)

    async def producer_stats(self, data_producer_id: str) -> Reply[Statistics]:
        """Answer with the statistics of a data producer."""
        producer = self._find_producer(data_producer_id)
        answer = await producer.branch.ask(pipe.GetDataProducerStats(producer.id), about=producer)
        return Reply(answer.stats)

    async def consumer_stats(self, data_consumer_id: str) -> Reply[Statistics]:
        """Answer with the statistics of a data consumer."""
        consumer = self._find_consumer(data_consumer_id)
        answer = await consumer.branch.ask(pipe.GetDataConsumerStats(consumer.id), about=consumer)
        return Reply(answer.stats)

    def _find_producer(self, data_producer_id: str) -> DataProducer:
        producer = self._room.books.data_producers.get(data_producer_id)
        if producer is None or producer.peer is not self._peer or not producer.created:
            raise Unknown("dataProducer", data_producer_id)
        return producer

    def _find_consumer(self, data_consumer_id: str) -> DataConsumer:
        consumer = self._room.books.data_consumers.get(data_consumer_id)
        if consumer is None or consumer.peer is not self._peer or not consumer.announced:
            raise Unknown("dataConsumer", data_consumer_id)
        return consumer


def _require_sctp(transport: Transport) -> None:
    if transport.plain is not None:
        raise InvalidState(f'transport with id "{transport.id}" is plain, and carries no data channels')
    if not transport.sctp:
        raise InvalidState(f'transport with id "{transport.id}" has no SCTP: it was created without')


def _require_free(transport: Transport, stream: SctpStreamParameters) -> None:
    """Raise unless the transport can have another data producer, on this stream."""
    _require_sctp(transport)
    taken = {producer.stream.stream_id for producer in transport.data_producers.values() if producer.stream}
    if stream.stream_id in taken:
        raise InvalidInput(f"streamId already exists in SCTP listener [streamId:{stream.stream_id}]")


def _creation(
    producer: DataProducer, transport: Transport, stream: SctpStreamParameters
) -> pipe.CreateDataProducer:
    parameters = msgspec.convert(stream.to_wire(), pipe.SctpStreamParameters)
    return pipe.CreateDataProducer(transport.id, producer.id, parameters, producer.label, producer.protocol)
