"""Objects: the routers of a worker and everything on them, found by id, from creation to closing."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterator

from mediad.config.settings import WorkerSettings
from mediad.errors import InvalidState, NotFound
from mediad.protocols.certificate import Certificate
from mediad.worker.context import RouterContext
from mediad.worker.data.data_consumer import DataConsumer
from mediad.worker.data.data_producer import DataProducer
from mediad.worker.router import Router
from mediad.worker.speakers import VolumeOptions
from mediad.worker.tracks.consumer import Consumer
from mediad.worker.tracks.pipe_consumer import AnyConsumer, PipeConsumer
from mediad.worker.tracks.producer import Producer
from mediad.worker.transports.transport import Transport


class Objects:
    """One worker's routers, and of each transport, producer and consumer the router that it is on."""

    def __init__(self, context: RouterContext, settings: WorkerSettings) -> None:
        self.settings = settings
        self.routers: dict[str, Router] = {}
        self.refused: Counter[str] = Counter()
        """Datagrams refused by ICE and DTLS of transports that are closed, by reason."""
        self._router_of: dict[str, Router] = {}  # by the id of a transport, (data) producer or consumer
        self._context = context
        self._certificate = Certificate.generate(datetime.datetime.now(datetime.UTC))

    def configure(self, settings: WorkerSettings) -> None:
        """Use other settings for transports made from now on; others keep theirs, so no client is lost."""
        self.settings = settings
        self._context.ports.announce(settings.listen_infos)
        for router in self.routers.values():
            router.speakers.options = _volume_options(settings)

    def close(self) -> None:
        """Close every router; its clients are told by DTLS close_notify."""
        for router in list(self.routers.values()):
            router.close()

    @property
    def empty(self) -> bool:
        """True when there are no routers and nothing on them."""
        return not (self.routers or self._router_of)

    # -- routers -------------------------------------------------------------------------------------------

    def create_router(self, router_id: str) -> None:
        """Make a router. Raises InvalidState when there is one of this id."""
        if router_id in self.routers:
            raise InvalidState(f'a router with id "{router_id}" already exists')
        self.routers[router_id] = Router(
            self._context, router_id, self._certificate, _volume_options(self.settings), self.forget
        )

    def router(self, router_id: str) -> Router:
        """Return a router that is not closing. Raises NotFound."""
        router = self.routers.get(router_id)
        if router is None or router.closing:
            raise NotFound(f'router with id "{router_id}" not found')
        return router

    def close_router(self, router: Router) -> None:
        """Close a router and what is left on it."""
        router.close()
        del self.routers[router.id]

    # -- objects on routers --------------------------------------------------------------------------------

    def enter(self, object_id: str, router: Router) -> None:
        """Remember the router of a new transport, producer or consumer."""
        self._router_of[object_id] = router

    def has(self, object_id: str) -> bool:
        """True when there is a transport, producer or consumer of this id."""
        return object_id in self._router_of

    def forget(self, *ids: str) -> None:
        """Forget objects that are about to be closed."""
        for object_id in ids:
            self._router_of.pop(object_id, None)

    def transport(self, transport_id: str) -> tuple[Router, Transport]:
        """Return a transport and its router. Raises NotFound."""
        router = self._router_of.get(transport_id)
        if router is None or transport_id not in router.transports:
            raise NotFound(f'transport with id "{transport_id}" not found')
        return router, router.transports[transport_id]

    def transports(self) -> Iterator[Transport]:
        """Return every transport of every router."""
        for router in self.routers.values():
            yield from router.transports.values()

    @property
    def parked(self) -> int:
        """Transports without a place on the media path; the plane counts those that have one."""
        return sum(transport.parked for transport in self.transports())

    def close_transport(self, router: Router, transport: Transport) -> None:
        """Close a transport with everything on it."""
        for producer in transport.producers.values():
            self.forget(producer.id, *producer.consumers)
        self.forget(transport.id, *transport.consumers)
        self.refused.update(transport.dropped())
        router.close_transport(transport)

    def producer(self, producer_id: str) -> tuple[Router, Producer]:
        """Return a producer and its router. Raises NotFound."""
        router = self._router_of.get(producer_id)
        if router is None or producer_id not in router.producers:
            raise NotFound(f'producer with id "{producer_id}" not found')
        return router, router.producers[producer_id]

    def any_consumer(self, consumer_id: str) -> tuple[Router, AnyConsumer]:
        """Return a consumer, of a client's or of a pipe's, and its router. Raises NotFound."""
        router = self._router_of.get(consumer_id)
        if router is None or consumer_id not in router.consumers:
            raise NotFound(f'consumer with id "{consumer_id}" not found')
        return router, router.consumers[consumer_id]

    def consumer(self, consumer_id: str) -> Consumer:
        """Return a client's consumer. Raises NotFound."""
        _, consumer = self.any_consumer(consumer_id)
        if not isinstance(consumer, Consumer):
            raise NotFound(f'consumer with id "{consumer_id}" is that of a pipe, not of a client')
        return consumer

    def pipe_consumer(self, consumer_id: str) -> PipeConsumer:
        """Return a pipe's consumer. Raises NotFound."""
        _, consumer = self.any_consumer(consumer_id)
        if not isinstance(consumer, PipeConsumer):
            raise NotFound(f'consumer with id "{consumer_id}" is that of a client, not of a pipe')
        return consumer

    def data_producer(self, data_producer_id: str) -> tuple[Router, DataProducer]:
        """Return a data producer and its router. Raises NotFound."""
        router = self._router_of.get(data_producer_id)
        if router is None or data_producer_id not in router.data.producers:
            raise NotFound(f'data producer with id "{data_producer_id}" not found')
        return router, router.data.producers[data_producer_id]

    def data_consumer(self, data_consumer_id: str) -> tuple[Router, DataConsumer]:
        """Return a data consumer and its router. Raises NotFound."""
        router = self._router_of.get(data_consumer_id)
        if router is None or data_consumer_id not in router.data.consumers:
            raise NotFound(f'data consumer with id "{data_consumer_id}" not found')
        return router, router.data.consumers[data_consumer_id]


def _volume_options(settings: WorkerSettings) -> VolumeOptions:
    return VolumeOptions(settings.audio_level_interval_ms * 1000, settings.audio_level_threshold_dbov)
