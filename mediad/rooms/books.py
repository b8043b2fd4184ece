"""Books of a room: its transports, and producers and consumers of tracks and of data, by id.

Each is forgotten together with all that is on it. Entries change without suspension. The table in
`entities.py` says what closes with what, and who is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from mediad.pipe.requests import CloseTransport
from mediad.rooms.branch import Branch
from mediad.rooms.entities import Consumer, DataConsumer, DataProducer, Peer, Producer, Transport
from mediad.rooms.observer import RoomObserver
from mediad.rooms.pipes import Pipes
from mediad.rooms.stock import Holder


class Books:
    """The transports of one room, and what is on them, by id."""

    def __init__(
        self, holder: Holder, observer: RoomObserver, pipes: Pipes, on_freed: Callable[[Peer], None]
    ) -> None:
        """Make empty books; `holder` is the room, whose share of a worker its consumers use.

        `pipes` hears of who receives what, and of what has ended; `on_freed` is called with the peer of each
        consumer that ends.
        """
        self._on_freed = on_freed
        self.transports: dict[str, Transport] = {}
        self.producers: dict[str, Producer] = {}
        self.consumers: dict[str, Consumer] = {}
        self.data_producers: dict[str, DataProducer] = {}
        self.data_consumers: dict[str, DataConsumer] = {}
        self._holder = holder
        self._observer = observer
        self._pipes = pipes

    def __len__(self) -> int:
        return sum(map(len, self._tables()))

    def count_on(self, branch: Branch) -> int:
        """Return the number of objects that peers have on a branch."""
        return sum(entry.branch is branch for table in self._tables() for entry in table.values())

    def enter_transport(self, transport: Transport) -> None:
        """Enter a transport that the worker has made."""
        transport.peer.transports[transport.id] = transport
        self.transports[transport.id] = transport

    def enter_producer(self, producer: Producer) -> None:
        """Enter a producer before the worker makes it: its events may arrive before the answer does."""
        producer.transport.producers[producer.id] = producer
        self.producers[producer.id] = producer

    def enter_consumer(self, consumer: Consumer) -> None:
        """Enter a consumer, as for producers. Raises Full when the worker has no more room for it."""
        consumer.claim = consumer.branch.stock.claim("consumers", self._holder, consumer.peer.holder)
        consumer.transport.consumers[consumer.id] = consumer
        consumer.producer.consumers[consumer.id] = consumer
        self.consumers[consumer.id] = consumer
        self._enter_audience(consumer.producer, consumer.branch)

    def enter_data_producer(self, producer: DataProducer) -> None:
        """Enter a data producer, as for producers."""
        if producer.transport is not None:
            producer.transport.data_producers[producer.id] = producer
        self.data_producers[producer.id] = producer

    def enter_data_consumer(self, consumer: DataConsumer) -> None:
        """Enter a data consumer, as for producers. Raises Full when the worker has no more room for it."""
        consumer.claim = consumer.branch.stock.claim("data consumers", self._holder, consumer.peer.holder)
        consumer.transport.data_consumers[consumer.id] = consumer
        consumer.producer.consumers[consumer.id] = consumer
        self.data_consumers[consumer.id] = consumer
        self._enter_audience(consumer.producer, consumer.branch)

    def close_transport(self, transport: Transport) -> None:
        """Forget a transport with all that is on it, and have the worker close it."""
        transport.closed = True
        for producer in list(transport.producers.values()):
            self.forget_producer(producer)
        for consumer in list(transport.consumers.values()):
            self.forget_consumer(consumer)
        for data_producer in list(transport.data_producers.values()):
            self.forget_data_producer(data_producer)
        for data_consumer in list(transport.data_consumers.values()):
            self.forget_data_consumer(data_consumer)
        del transport.peer.transports[transport.id]
        del self.transports[transport.id]
        transport.claim.release()
        self._observer.transport_closed(transport.id)
        transport.branch.discard(CloseTransport(transport.id))

    def forget_producer(self, producer: Producer) -> None:
        """Remove a producer and tell its receivers; the caller tells the worker."""
        producer.closed = True
        self._pipes.end(producer)
        producer.claim.release()
        producer.transport.producers.pop(producer.id, None)
        producer.transport.claims.release(producer.id)
        self.producers.pop(producer.id, None)
        for consumer in list(producer.consumers.values()):
            self.forget_consumer(consumer)
            if consumer.announced:
                consumer.peer.listener.consumer_closed(consumer.id)

    def forget_consumer(self, consumer: Consumer) -> None:
        """Remove a consumer; the caller tells the worker and the client."""
        consumer.closed = True
        consumer.claim.release()
        consumer.transport.consumers.pop(consumer.id, None)
        consumer.transport.consumer_ssrcs.discard(consumer.ssrc)
        if consumer.producer.consumers.pop(consumer.id, None) is not None:
            self._leave_audience(consumer.producer, consumer.branch)
        self.consumers.pop(consumer.id, None)
        self._on_freed(consumer.peer)

    def forget_data_producer(self, producer: DataProducer) -> None:
        """Remove a data producer and tell its receivers; the caller tells the worker."""
        producer.closed = True
        self._pipes.end(producer)
        producer.claim.release()
        if producer.transport is not None:
            producer.transport.data_producers.pop(producer.id, None)
        self.data_producers.pop(producer.id, None)
        for consumer in list(producer.consumers.values()):
            self.forget_data_consumer(consumer)
            if consumer.announced:
                consumer.peer.listener.data_consumer_closed(consumer.id)

    def forget_data_consumer(self, consumer: DataConsumer) -> None:
        """Remove a data consumer; the caller tells the worker and the client."""
        consumer.closed = True
        consumer.claim.release()
        consumer.transport.data_consumers.pop(consumer.id, None)
        if consumer.producer.consumers.pop(consumer.id, None) is not None:
            self._leave_audience(consumer.producer, consumer.branch)
        self.data_consumers.pop(consumer.id, None)

    def _enter_audience(self, producer: Producer | DataProducer, branch: Branch) -> None:
        producer.audience[branch] += 1
        if producer.audience[branch] == 1:
            self._pipes.audience_changed(producer, branch)

    def _leave_audience(self, producer: Producer | DataProducer, branch: Branch) -> None:
        producer.audience[branch] -= 1
        if not producer.audience[branch]:
            del producer.audience[branch]
            self._pipes.audience_changed(producer, branch)

    def close(self) -> None:
        """Forget everything without telling clients; the worker closes it with the router."""
        for transport_id in self.transports:
            self._observer.transport_closed(transport_id)
        for table in self._tables():
            for entry in table.values():
                entry.closed = True
                entry.claim.release()
            table.clear()

    def _tables(self) -> Iterator[dict[str, Any]]:
        yield from (self.transports, self.producers, self.consumers, self.data_producers, self.data_consumers)
