"""A simulated call over two workers: senders on one, receivers on the other, and a pipe between them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from mediad.ortc.acceptance import AcceptedProducer
from mediad.ortc.pipe import pipe_consumer_parameters
from mediad.pipe.events import ProducerLayersWanted, ProducerScoreChanged, RouterEvent
from mediad.pipe.rtp import RtpMapping, RtpParameters
from mediad.worker.tracks.consumer_form import ConsumerForm
from mediad.worker.tracks.pipe_consumer import PipeConsumer
from mediad.worker.tracks.producer import Producer
from mediad.worker.tracks.producer_form import ProducerForm
from tests.simulation.call import Call, Sender
from tests.simulation.hop import Hop
from tests.simulation.worker import OFFERED, SimulatedWorker
from tests.support.link import Link
from tests.support.negotiation import router

SUPERVISOR_US = 2_000
"""The way of an event from one worker over the supervisor to the other."""


class PipedCall(Call):
    """A call whose receivers are on another worker than its senders.

    `over` and `back` are the links of the pipe. `tap` sees each datagram that the senders' worker puts in.
    """

    def __init__(self, over: Link, back: Link, *, enable_rtx: bool = False) -> None:
        super().__init__()
        self.viewers_worker = SimulatedWorker(self.clock, router(*OFFERED))
        self.pipe_consumers: dict[str, PipeConsumer] = {}
        self.pipe_bytes = 0  # that went over
        self.tap: Callable[[bytes], object] = lambda data: None
        self._enable_rtx = enable_rtx
        self._next_ssrc = 400_000_000
        self.over = Hop(self.clock, over, lambda data: self.viewers_worker.arrived(self._there, data))
        self.back = Hop(self.clock, back, lambda data: self.worker.arrived(self._here, data))
        self._here = self.worker.connect("pipe", self._enter)
        self._there = self.viewers_worker.connect("pipe", self.back.send)
        self.viewers_worker.on_event = self._pass_back

    def __exit__(self, *error: Any) -> None:
        self.viewers_worker.close()
        super().__exit__(*error)

    def run(self, seconds: float) -> None:
        self.viewers_worker.settle()
        super().run(seconds)

    def send(self, up: Link, down: Link, **changes: Any) -> Sender:
        sender = super().send(up, down, **changes)
        for producer, accepted in sender.producers.values():
            self._pipe(producer, accepted)
        return sender

    def viewed(self, producer: Producer) -> Producer:
        return self.viewers_worker.router.producers[producer.id]

    def _enter(self, data: bytes) -> None:
        self.tap(data)
        self.pipe_bytes += len(data)
        self.over.send(data)

    def _pipe(self, producer: Producer, accepted: AcceptedProducer) -> None:
        wire = pipe_consumer_parameters(
            accepted.consumable, ssrc=self._next_ssrc, enable_rtx=self._enable_rtx
        ).to_wire()
        self._next_ssrc += 100
        parameters = msgspec.convert(wire, RtpParameters)
        form = ProducerForm.of(producer.kind, parameters, RtpMapping.identity(parameters))
        self.viewers_worker.router.create_producer(self._there, producer.id, form)
        self.pipe_consumers[producer.id] = self.worker.router.create_pipe_consumer(
            self._here,
            f"pipe/{producer.id}",
            producer,
            ConsumerForm.of("simple", parameters),
            parameters.encodings,
        )

    # --- the supervisor's part ----------------------------------------------------------------------------

    def _signal(self, event: RouterEvent) -> None:
        super()._signal(event)
        if isinstance(event, ProducerScoreChanged) and event.producer_id in self.pipe_consumers:
            there = self.viewed(self.worker.router.producers[event.producer_id])
            self.clock.after(SUPERVISOR_US, partial(there.set_source_score, event.score))

    def _pass_back(self, event: RouterEvent) -> None:
        if isinstance(event, ProducerLayersWanted):
            want = partial(self.pipe_consumers[event.producer_id].want, event.spatial_layer)
            self.clock.after(SUPERVISOR_US, want)
