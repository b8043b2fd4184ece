"""Pipe consumers of the bookkeeping worker: of which producer, and what is wanted of it."""

from __future__ import annotations

from typing import Any, Protocol

from mediad.pipe import transport_requests as requests
from mediad.pipe.messages import Done, Handler
from tests.support.pipe_wire import wire


class Books(Protocol):
    """The worker that the pipes are of; it finds what it has, or raises NotFound."""

    consumers: dict[str, dict[str, Any]]

    def transport(self, transport_id: str) -> dict[str, Any]: ...

    def producer(self, producer_id: str) -> dict[str, Any]: ...

    def consumer(self, consumer_id: str) -> dict[str, Any]: ...


class PipeBooks:
    """The pipe consumers, which stand among the worker's consumers; `spatialLayer` is what is wanted."""

    def __init__(self, worker: Books) -> None:
        self._worker = worker

    def handlers(self) -> list[Handler]:
        """Return the handler of each request about what goes through a pipe."""
        return [
            requests.CreatePipeConsumer.answered_by(self._create_consumer),
            requests.SetPipeLayer.answered_by(self._set_layer),
            requests.SetSourceScore.answered_by(self._set_source_score),
        ]

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
