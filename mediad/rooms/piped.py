"""Piped: a track or a data channel on its way through a pipe to another branch of its room.

It is a consumer on the pipe's transport where the producer is, and a producer of the same id on the pipe's
transport at the other end, from which the receivers there are served.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from uuid import uuid4

from mediad.errors import EnvelopeError, from_code
from mediad.ortc.pipe import pipe_consumer_parameters
from mediad.pipe import data_requests, requests
from mediad.pipe import rtp as pipe
from mediad.pipe.messages import Done, Request
from mediad.pipe.transport_requests import CreatePipeConsumer
from mediad.rooms.branch import Branch
from mediad.rooms.entities import DataProducer, Producer
from mediad.rooms.pipe_pair import PipePair
from mediad.rooms.stock import Claim


@dataclass(slots=True, eq=False)
class Piped:
    """A producer as it is on another branch."""

    producer: Producer | DataProducer
    branch: Branch
    """The branch that it is piped to."""
    pair: PipePair
    claims: list[Claim]
    made: asyncio.Future[None]
    """A future that is done when it exists on that branch, or cannot be made."""
    consumer_id: str = field(default_factory=lambda: str(uuid4()))
    """The consumer on the pipe, where the producer comes in."""
    closed: bool = False
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    """An event that is set when it is closed, and that branch has no producer of this id any more."""
    idle: asyncio.TimerHandle | None = None
    """The timer until it is closed, while nobody on that branch receives it."""
    wanted_layer: int | None = None
    """The highest encoding that is received there; None until the worker there first tells of one."""
    told_layer: int | None = None
    """The same as the pipe was last told; -1: none at all; None: it was told nothing, and passes all."""
    on_origin: bool = False
    """True when the consumer on the pipe may exist."""
    on_branch: bool = False
    """True when the producer at the other end may exist."""

    @property
    def kind(self) -> str:
        """Return "audio", "video" or "data"."""
        return self.producer.kind if isinstance(self.producer, Producer) else "data"

    @property
    def origin(self) -> Branch:
        return self.producer.branch

    async def make(self) -> None:
        """Make it on both workers. Raises a worker's error; what was made is for the caller to `unmake`."""
        await self.pair.opened()
        if isinstance(self.producer, Producer):
            await self._make_track(self.producer)
        else:
            await self._make_channel(self.producer)

    async def _make_track(self, producer: Producer) -> None:
        encodings = len(producer.consumable.encodings)
        parameters = pipe.RtpParameters.from_wire(
            pipe_consumer_parameters(
                producer.consumable, ssrc=self.pair.take_ssrcs(encodings), enable_rtx=False
            ).to_wire()
        )
        self.on_branch = True
        # first where the packets arrive: before that nobody knows their SSRCs
        await self.branch.ask(
            requests.CreateProducer(
                transport_id=self.pair.ids[self.branch],
                producer_id=producer.id,
                kind=producer.kind,
                rtp_parameters=parameters,
                rtp_mapping=pipe.RtpMapping.identity(parameters),
                paused=producer.paused,
                # wherever home is or will be; of other branches nobody asks who speaks
                levels=producer.kind == "audio",
            ),
            about=self,
        )
        self.on_origin = True
        await self.origin.ask(
            CreatePipeConsumer(self.pair.ids[self.origin], self.consumer_id, producer.id, parameters),
            about=self,
        )

    async def _make_channel(self, producer: DataProducer) -> None:
        new = data_requests.NewDataConsumer(self.consumer_id, self.pair.ids[self.origin], producer.id)
        self.on_origin = True
        reply = await self.origin.ask(data_requests.CreateDataConsumers([new]), about=self)
        if len(reply.consumers) != 1:
            row = data_requests.CreateDataConsumers.row
            raise EnvelopeError(f"{row}: {len(reply.consumers)} answers for one data consumer")
        (answer,) = reply.consumers
        if answer.sctp_stream_parameters is None:
            raise from_code(answer.code, answer.reason)
        self.on_branch = True
        await self.branch.ask(
            data_requests.CreateDataProducer(
                self.pair.ids[self.branch],
                producer.id,
                answer.sctp_stream_parameters,
                producer.label,
                producer.protocol,
            ),
            about=self,
        )

    async def unmake(self) -> None:
        """Close what was made of it, and return when the branch has no producer of this id any more."""
        close_consumer: Request[Done]
        close_producer: Request[Done]
        if isinstance(self.producer, Producer):
            close_consumer = requests.CloseConsumer(self.consumer_id)
            close_producer = requests.CloseProducer(self.producer.id)
        else:
            close_consumer = data_requests.CloseDataConsumer(self.consumer_id)
            close_producer = data_requests.CloseDataProducer(self.producer.id)
        if self.on_origin and not (self.origin.closed or self.pair.closed):
            self.origin.discard(close_consumer)
        if self.on_branch and not (self.branch.closed or self.pair.closed):
            await self.branch.remove(close_producer)
