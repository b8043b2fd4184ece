"""Pipes of the bookkeeping worker: their ends, what goes through them, and what is wanted of it."""

from __future__ import annotations

import itertools
from typing import Any, Protocol

from mediad.errors import InvalidState
from mediad.pipe import transport_requests as requests
from mediad.pipe.messages import Done, Handler
from tests.support.pipe_wire import wire

PORTS = itertools.count(50_000)


class Books(Protocol):
    """The worker that the pipes are of; it finds what it has, or raises NotFound."""

    transports: dict[str, dict[str, Any]]
    consumers: dict[str, dict[str, Any]]

    def router(self, router_id: str) -> dict[str, Any]: ...

    def transport(self, transport_id: str) -> dict[str, Any]: ...

    def producer(self, producer_id: str) -> dict[str, Any]: ...

    def consumer(self, consumer_id: str) -> dict[str, Any]: ...


class PipeBooks:
    """The ends of pipes, which stand among the worker's transports, and the pipe consumers.

    Of an end `connected` is the port of the other one. Of a pipe consumer `spatialLayer` is what is wanted.
    """

    def __init__(self, worker: Books) -> None:
        self._worker = worker

    def handlers(self) -> list[Handler]:
        """Return the handler of each request about what goes through a pipe."""
        return [
            requests.CreatePipeTransport.answered_by(self._create_transport),
            requests.ConnectPipeTransport.answered_by(self._connect_transport),
            requests.CreatePipeConsumer.answered_by(self._create_consumer),
            requests.SetPipeLayer.answered_by(self._set_layer),
            requests.SetSourceScore.answered_by(self._set_source_score),
        ]

    async def _create_transport(self, request: requests.CreatePipeTransport) -> requests.PipeTransportCreated:
        self._worker.router(request.router_id)
        port = next(PORTS)
        self._worker.transports[request.transport_id] = {**wire(request), "port": port, "connected": None}
        return requests.PipeTransportCreated("127.0.0.1", port)

    async def _connect_transport(self, request: requests.ConnectPipeTransport) -> Done:
        transport = self._worker.transport(request.transport_id)
        if transport["connected"] is not None:
            raise InvalidState("connect() already called")
        transport["connected"] = request.port
        return Done()

    async def _create_consumer(self, request: requests.CreatePipeConsumer) -> requests.PipeConsumerCreated:
        self._worker.transport(request.transport_id)
        producer = self._worker.producer(request.producer_id)
        wanted = len(request.rtp_parameters.encodings) - 1
        self._worker.consumers[request.consumer_id] = {**wire(request), "spatialLayer": wanted}
        return requests.PipeConsumerCreated(producer["paused"], [])

    async def _set_layer(self, request: requests.SetPipeLayer) -> Done:
        self._worker.consumer(request.consumer_id)["spatialLayer"] = request.spatial_layer
        return Done()

    async def _set_source_score(self, request: requests.SetSourceScore) -> Done:
        self._worker.producer(request.producer_id)["sourceScore"] = wire(request)["score"]
        return Done()
