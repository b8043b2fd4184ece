"""RouterData: one room's data producers and data consumers, and the order in which they close.

closed            closes with it
data consumer     nothing
data producer     its data consumers
transport         its data consumers and data producers (and so their data consumers)
router            its transports, and the supervisor's own data producers
"""

from __future__ import annotations

from collections.abc import Callable

from mediad.errors import InvalidInput, InvalidState
from mediad.pipe.data_requests import SctpStreamParameters
from mediad.pipe.events import DataConsumerClosed, DataProducerClosed
from mediad.worker.context import RouterContext
from mediad.worker.data.channels import DataChannels
from mediad.worker.data.data_consumer import DataConsumer, DirectDataConsumer, SctpDataConsumer
from mediad.worker.data.data_producer import DataProducer


class RouterData:
    """The data channels of one room. `forget` is called with the id of each that has ended."""

    def __init__(self, context: RouterContext, forget: Callable[[str], None]) -> None:
        self.producers: dict[str, DataProducer] = {}
        self.consumers: dict[str, DataConsumer] = {}
        self._context = context
        self._forget = forget

    def produce(
        self,
        channels: DataChannels | None,
        data_producer_id: str,
        parameters: SctpStreamParameters,
        label: str,
        protocol: str,
    ) -> DataProducer:
        """Receive a client's channel.

        Raises InvalidState for an id that is taken or an association that has ended, InvalidInput for wrong
        parameters or a transport without SCTP.
        """
        self._require_new_producer(data_producer_id)
        if channels is None:
            raise InvalidInput("this transport has no SCTP: create it with enableSctp")
        if parameters.max_packet_life_time is not None and parameters.max_retransmits is not None:
            raise InvalidInput("maxPacketLifeTime and maxRetransmits cannot both be given")
        producer = DataProducer(
            self._context.clock,
            data_producer_id,
            label,
            protocol,
            channels=channels,
            parameters=parameters,
            on_end=self._producer_ended,
        )
        self.producers[data_producer_id] = producer
        return producer

    def produce_directly(self, data_producer_id: str, label: str, protocol: str) -> DataProducer:
        """Make a data producer of the supervisor's. Raises InvalidState for an id that is taken."""
        self._require_new_producer(data_producer_id)
        producer = DataProducer(
            self._context.clock, data_producer_id, label, protocol, on_end=self._producer_ended
        )
        self.producers[data_producer_id] = producer
        return producer

    def consume(
        self, channels: DataChannels | None, data_consumer_id: str, producer: DataProducer
    ) -> SctpDataConsumer:
        """Send a data producer's messages to a client.

        Raises InvalidState for an id that is taken or an association that has ended, InvalidInput for a
        transport without SCTP, Full for one without a free stream.
        """
        self._require_new_consumer(data_consumer_id)
        if channels is None:
            raise InvalidInput("this transport has no SCTP: create it with enableSctp")
        consumer = SctpDataConsumer(
            self._context.clock, data_consumer_id, producer, channels, self._consumer_ended
        )
        self.consumers[data_consumer_id] = producer.consumers[data_consumer_id] = consumer
        return consumer

    def consume_directly(
        self, data_consumer_id: str, producer: DataProducer, max_message_bytes: int
    ) -> DirectDataConsumer:
        """Tell a data producer's texts to the supervisor. Raises InvalidState for an id that is taken."""
        self._require_new_consumer(data_consumer_id)
        context = self._context
        consumer = DirectDataConsumer(
            context.clock, data_consumer_id, producer, max_message_bytes, context.emit, context.sctp.drop
        )
        self.consumers[data_consumer_id] = producer.consumers[data_consumer_id] = consumer
        return consumer

    def close_consumer(self, consumer: DataConsumer) -> None:
        """Close a data consumer; the client's stream is reset."""
        del self.consumers[consumer.id]
        del consumer.producer.consumers[consumer.id]
        consumer.close()
        self._forget(consumer.id)

    def close_producer(self, producer: DataProducer) -> None:
        """Close a data producer with its consumers; the client's streams are reset."""
        for consumer_id in list(producer.consumers):
            self.close_consumer(self.consumers[consumer_id])
        del self.producers[producer.id]
        producer.close()
        self._forget(producer.id)

    def close(self) -> None:
        """Close what is left when all transports are closed: the supervisor's own."""
        for producer in list(self.producers.values()):
            self.close_producer(producer)

    def _producer_ended(self, producer: DataProducer, reason: str | None) -> None:
        self.close_producer(producer)
        if reason is not None:
            self._context.emit(DataProducerClosed(producer.id, reason))

    def _consumer_ended(self, consumer: DataConsumer, reason: str | None) -> None:
        self.close_consumer(consumer)
        if reason is not None:
            self._context.emit(DataConsumerClosed(consumer.id, reason))

    def _require_new_producer(self, data_producer_id: str) -> None:
        if data_producer_id in self.producers:
            raise InvalidState(f'a DataProducer with same dataProducerId "{data_producer_id}" already exists')

    def _require_new_consumer(self, data_consumer_id: str) -> None:
        if data_consumer_id in self.consumers:
            raise InvalidState(f'a data consumer with id "{data_consumer_id}" already exists')
