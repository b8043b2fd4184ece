"""PipeMethods: the handlers of requests about tracks that go through a pipe to another worker."""

from __future__ import annotations

from mediad.errors import InvalidInput
from mediad.pipe import transport_requests as requests
from mediad.pipe.messages import Done, Handler
from mediad.worker.objects import Objects
from mediad.worker.tracks.consumer_form import ConsumerForm
from mediad.worker.transports.pipe import PipeTransport


class PipeMethods:
    """The handlers of requests about pipe consumers, and about the producers at the other end of a pipe."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def handlers(self) -> list[Handler]:
        """Return the handler of each request."""
        return [
            requests.CreatePipeConsumer.answered_by(self.create_pipe_consumer),
            requests.SetPipeLayer.answered_by(self.set_pipe_layer),
            requests.SetSourceScore.answered_by(self.set_source_score),
        ]

    async def create_pipe_consumer(
        self, request: requests.CreatePipeConsumer
    ) -> requests.PipeConsumerCreated:
        router, transport = self._objects.transport(request.transport_id)
        producer_router, producer = self._objects.producer(request.producer_id)
        if producer_router is not router:
            raise InvalidInput("the producer is in another router")
        if not isinstance(transport, PipeTransport):
            raise InvalidInput(f'transport with id "{transport.id}" is not a PipeTransport')
        parameters = request.rtp_parameters
        form = ConsumerForm.of("simple", parameters)  # a pipe follows each encoding by itself
        if form.nack and not transport.rtx:
            raise InvalidInput("losses are not repaired in this pipe: create it with enableRtx")
        router.create_pipe_consumer(transport, request.consumer_id, producer, form, parameters.encodings)
        self._objects.enter(request.consumer_id, router)
        return requests.PipeConsumerCreated(producer.paused, producer.score_report())

    async def set_pipe_layer(self, request: requests.SetPipeLayer) -> Done:
        self._objects.pipe_consumer(request.consumer_id).want(request.spatial_layer)
        return Done()

    async def set_source_score(self, request: requests.SetSourceScore) -> Done:
        self._objects.producer(request.producer_id)[1].set_source_score(request.score)
        return Done()
