"""DataMethods: the handlers of requests about data channels."""

from __future__ import annotations

from functools import partial

from mediad.errors import InvalidInput
from mediad.pipe import data_requests as requests
from mediad.pipe.messages import Done, Handler
from mediad.worker.objects import Objects
from mediad.worker.slices import Maker, Slices


class DataMethods:
    """The handlers of requests about data channels, which act on the worker's objects."""

    def __init__(self, objects: Objects, slices: Slices) -> None:
        self._objects = objects
        self._slices = slices
        self._maker = Maker(
            requests.CreateDataConsumers.row,
            lambda new: new.data_consumer_id,
            self._create_data_consumer,
            partial(requests.DataConsumerMade, None),
        )

    def handlers(self) -> list[Handler]:
        """Return the handler of each request."""
        return [
            requests.CreateDataProducer.answered_by(self.create_data_producer),
            requests.CreateDirectDataProducer.answered_by(self.create_direct_data_producer),
            requests.SendData.answered_by(self.send_data),
            requests.CloseDataProducer.answered_by(self.close_data_producer),
            requests.GetDataProducerStats.answered_by(self.data_producer_stats),
            requests.CreateDataConsumers.answered_by(self.create_data_consumers),
            requests.CreateDirectDataConsumer.answered_by(self.create_direct_data_consumer),
            requests.CloseDataConsumer.answered_by(self.close_data_consumer),
            requests.GetDataConsumerStats.answered_by(self.data_consumer_stats),
        ]

    # --- data producers -----------------------------------------------------------------------------------

    async def create_data_producer(self, request: requests.CreateDataProducer) -> Done:
        router, transport = self._objects.transport(request.transport_id)
        producer = router.data.produce(
            transport.data,
            request.data_producer_id,
            request.sctp_stream_parameters,
            request.label,
            request.protocol,
        )
        self._objects.enter(producer.id, router)
        return Done()

    async def create_direct_data_producer(self, request: requests.CreateDirectDataProducer) -> Done:
        router = self._objects.router(request.router_id)
        producer = router.data.produce_directly(request.data_producer_id, request.label, request.protocol)
        self._objects.enter(producer.id, router)
        return Done()

    async def send_data(self, request: requests.SendData) -> Done:
        _, producer = self._objects.data_producer(request.data_producer_id)
        if producer.channels is not None:
            raise InvalidInput("only a direct data producer can be sent on")
        producer.send_text(request.text)
        return Done()

    async def close_data_producer(self, request: requests.CloseDataProducer) -> Done:
        router, producer = self._objects.data_producer(request.data_producer_id)
        router.data.close_producer(producer)
        return Done()

    async def data_producer_stats(self, request: requests.GetDataProducerStats) -> requests.DataStats:
        return requests.DataStats(self._objects.data_producer(request.data_producer_id)[1].stats())

    # --- data consumers -----------------------------------------------------------------------------------

    async def create_data_consumers(
        self, request: requests.CreateDataConsumers
    ) -> requests.DataConsumersCreated:
        return requests.DataConsumersCreated(await self._slices.make(self._maker, request.consumers))

    def _create_data_consumer(self, new: requests.NewDataConsumer) -> requests.DataConsumerMade:
        router, transport = self._objects.transport(new.transport_id)
        producer_router, producer = self._objects.data_producer(new.data_producer_id)
        if producer_router is not router:
            raise InvalidInput("the data producer is in another router")
        consumer = router.data.consume(transport.data, new.data_consumer_id, producer)
        self._objects.enter(consumer.id, router)
        return requests.DataConsumerMade(consumer.parameters)

    async def create_direct_data_consumer(self, request: requests.CreateDirectDataConsumer) -> Done:
        router, producer = self._objects.data_producer(request.data_producer_id)
        consumer = router.data.consume_directly(request.data_consumer_id, producer, request.max_message_bytes)
        self._objects.enter(consumer.id, router)
        return Done()

    async def close_data_consumer(self, request: requests.CloseDataConsumer) -> Done:
        if not self._slices.call_off(request.data_consumer_id):
            router, consumer = self._objects.data_consumer(request.data_consumer_id)
            router.data.close_consumer(consumer)
        return Done()

    async def data_consumer_stats(self, request: requests.GetDataConsumerStats) -> requests.DataStats:
        return requests.DataStats(self._objects.data_consumer(request.data_consumer_id)[1].stats())
