"""Methods: the handlers of requests for rooms.

Those about transports are in `transport_methods.py`, those about what goes through a pipe in
`pipe_methods.py`, those about data channels in `data_methods.py`, those about the process in `server.py`.
"""

from __future__ import annotations

import asyncio

from mediad.clock import Clock
from mediad.errors import InvalidInput, NotFound
from mediad.pipe import requests
from mediad.pipe.messages import Done, Handler
from mediad.turns import Turns
from mediad.worker.consumer_batch import ConsumerMaker
from mediad.worker.data_methods import DataMethods
from mediad.worker.objects import Objects
from mediad.worker.pipe_methods import PipeMethods
from mediad.worker.slices import Slices
from mediad.worker.tracks.producer_form import ProducerForm
from mediad.worker.transport_methods import TransportMethods


class Methods:
    """The handlers of requests for rooms, which act on the worker's objects."""

    def __init__(self, objects: Objects, clock: Clock) -> None:
        self._objects = objects
        self._turns = Turns()
        self._slices = Slices(self._turns, clock)
        self._maker = ConsumerMaker(
            self._slices,
            objects.transport,
            objects.producer,
            lambda router, consumer: objects.enter(consumer.id, router),
        )
        self._transports = TransportMethods(objects)
        self._data = DataMethods(objects, self._slices)
        self._pipes = PipeMethods(objects)

    def handlers(self) -> list[Handler]:
        """Return the handler of each request."""
        return [
            requests.CreateRouter.answered_by(self.create_router),
            requests.GetRouterStats.answered_by(self.router_stats),
            requests.CloseRouter.answered_by(self.close_router),
            requests.CreateProducer.answered_by(self.create_producer),
            requests.PauseProducer.answered_by(self.pause_producer),
            requests.ResumeProducer.answered_by(self.resume_producer),
            requests.CloseProducer.answered_by(self.close_producer),
            requests.GetProducerStats.answered_by(self.producer_stats),
            requests.CreateConsumers.answered_by(self._maker.make),
            requests.ResumeConsumers.answered_by(self.resume_consumers),
            requests.PauseConsumer.answered_by(self.pause_consumer),
            requests.ResumeConsumer.answered_by(self.resume_consumer),
            requests.SetPreferredLayers.answered_by(self.set_preferred_layers),
            requests.SetPriority.answered_by(self.set_priority),
            requests.RequestKeyFrame.answered_by(self.request_key_frame),
            requests.CloseConsumer.answered_by(self.close_consumer),
            requests.GetConsumerStats.answered_by(self.consumer_stats),
            *self._transports.handlers(),
            *self._data.handlers(),
            *self._pipes.handlers(),
        ]

    # --- routers ------------------------------------------------------------------------------------------

    async def create_router(self, request: requests.CreateRouter) -> Done:
        self._objects.create_router(request.router_id)
        return Done()

    async def router_stats(self, request: requests.GetRouterStats) -> requests.RouterStats:
        transports = list(self._objects.router(request.router_id).transports.values())
        stats = await asyncio.gather(*(transport.stats() for transport in transports))
        return requests.RouterStats([entry for entries in stats for entry in entries])

    async def close_router(self, request: requests.CloseRouter) -> Done:
        """Close a router transport by transport: a large room takes long, and other rooms come between."""
        router = self._objects.router(request.router_id)
        router.closing = True
        for transport in list(router.transports.values()):
            await self._turns.take()
            if transport.id in router.transports:
                self._objects.close_transport(router, transport)
        self._objects.close_router(router)
        return Done()

    # --- producers ----------------------------------------------------------------------------------------

    async def create_producer(self, request: requests.CreateProducer) -> Done:
        router, transport = self._objects.transport(request.transport_id)
        router.create_producer(
            transport,
            request.producer_id,
            ProducerForm.of(request.kind, request.rtp_parameters, request.rtp_mapping),
            paused=request.paused,
            levels=request.levels,
        )
        self._objects.enter(request.producer_id, router)
        return Done()

    async def pause_producer(self, request: requests.PauseProducer) -> Done:
        self._objects.producer(request.producer_id)[1].pause(True)
        return Done()

    async def resume_producer(self, request: requests.ResumeProducer) -> Done:
        self._objects.producer(request.producer_id)[1].pause(False)
        return Done()

    async def close_producer(self, request: requests.CloseProducer) -> Done:
        router, producer = self._objects.producer(request.producer_id)
        self._objects.forget(producer.id, *producer.consumers)
        router.close_producer(producer)
        return Done()

    async def producer_stats(self, request: requests.GetProducerStats) -> requests.Stats:
        return requests.Stats(await self._objects.producer(request.producer_id)[1].stats())

    # --- consumers ----------------------------------------------------------------------------------------

    async def resume_consumers(self, request: requests.ResumeConsumers) -> requests.ConsumersResumed:
        """Resume all at once: a later request for one of them must find it resumed."""
        missing = []
        for consumer_id in request.consumer_ids:
            try:
                self._objects.consumer(consumer_id).pause(False)
            except NotFound:
                missing.append(consumer_id)
        return requests.ConsumersResumed(missing)

    async def pause_consumer(self, request: requests.PauseConsumer) -> Done:
        self._objects.consumer(request.consumer_id).pause(True)
        return Done()

    async def resume_consumer(self, request: requests.ResumeConsumer) -> Done:
        self._objects.consumer(request.consumer_id).pause(False)
        return Done()

    async def set_preferred_layers(self, request: requests.SetPreferredLayers) -> requests.PreferredLayersSet:
        consumer = self._objects.consumer(request.consumer_id)
        layers = consumer.set_preferred_layers(request.spatial_layer, request.temporal_layer)
        return requests.PreferredLayersSet(layers)

    async def set_priority(self, request: requests.SetPriority) -> Done:
        if not 1 <= request.priority <= 255:
            raise InvalidInput(f"priority is {request.priority}, expected 1..255")
        self._objects.consumer(request.consumer_id).priority = request.priority
        return Done()

    async def request_key_frame(self, request: requests.RequestKeyFrame) -> Done:
        self._objects.consumer(request.consumer_id).request_key_frame()
        return Done()

    async def close_consumer(self, request: requests.CloseConsumer) -> Done:
        if self._slices.call_off(request.consumer_id):
            return Done()
        router, consumer = self._objects.any_consumer(request.consumer_id)
        self._objects.forget(consumer.id)
        router.close_consumer(consumer)
        return Done()

    async def consumer_stats(self, request: requests.GetConsumerStats) -> requests.Stats:
        return requests.Stats(await self._objects.any_consumer(request.consumer_id)[1].stats())
