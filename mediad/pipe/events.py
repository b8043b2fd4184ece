"""Events of a worker. Each tells a state: the newest of a type about one subject replaces the older ones.

Looking for `producer.score`, or for `ProducerScoreChanged`, finds who tells (`mediad.worker`), this struct,
and who listens (`mediad.rooms.events`; `mediad.supervisor.workers.process` for the worker itself).
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

from mediad.confinement.report import Confinement
from mediad.pipe.messages import Event, Message
from mediad.pipe.scores import ConsumerScore, EncodingScore, Layers
from mediad.pipe.transport_requests import TransportTuple

# -- the worker itself -------------------------------------------------------------------------------------


class WorkerReady(Event):
    """The worker serves. `version` is that of the code it runs, `pipe` its PIPE_VERSION."""

    row = "worker.ready"

    pid: int
    version: str | None = None
    pipe: int | None = None
    confinement: Confinement | None = None


class WorkerFailed(Event):
    """The worker cannot start, and ends. `code` is one of `mediad.errors`."""

    row = "worker.failed"

    code: str
    reason: str
    protocol: str = ""
    """The protocol of a port that is taken, by whom a confined worker cannot find out; empty for none."""
    port: int = 0


WorkerEvent = WorkerReady | WorkerFailed


# -- routers -----------------------------------------------------------------------------------------------


class RouterEvent(Event, kw_only=True):
    """News about a router or an object on it."""

    router_id: str = ""
    """Filled in by the router that passes the event on."""

    @property
    def subject(self) -> str:
        return self.router_id


class Volume(Message):
    """The mean audio level of a producer during an interval, -127 to 0 dBov."""

    producer_id: str
    dbov: int


class SpeakerChanged(RouterEvent):
    """The producers that are heard; None and no others, told once, when all are silent."""

    row = "router.speaker"

    producer_id: str | None
    """The loudest."""
    volume: int | None = None
    """-127 to 0 dBov; None for nobody."""
    others: list[Volume] = msgspec.field(default_factory=list)
    """The others, loudest first."""


class DominantSpeakerChanged(RouterEvent):
    """The producer that has the floor, which a cough or a click does not take; None when all are silent."""

    row = "router.dominantSpeaker"

    producer_id: str | None


# -- transports --------------------------------------------------------------------------------------------


class TransportEvent(RouterEvent):
    """News about a transport."""

    transport_id: str

    @property
    def subject(self) -> str:
        return self.transport_id


class IceStateChanged(TransportEvent):
    """The state of ICE: new, connected, completed, disconnected or closed. The last two are final."""

    row = "transport.iceState"

    ice_state: str
    reason: str | None = None


class DtlsStateChanged(TransportEvent):
    """The state of DTLS: new, connecting, connected, failed or closed. The last two are final."""

    row = "transport.dtlsState"

    dtls_state: str
    reason: str | None = None


class SctpStateChanged(TransportEvent):
    """The state of SCTP: new, connecting, connected, failed or closed. The last two are final."""

    row = "transport.sctpState"

    sctp_state: str
    reason: str | None = None


class TupleLearned(TransportEvent):
    """The addresses of a plain transport, after its client's were learned from a packet."""

    row = "transport.tuple"

    tuple: TransportTuple
    rtcp_tuple: TransportTuple | None = None


class TransportFailed(TransportEvent):
    """A transport without ICE and DTLS works no more, and is to be closed."""

    row = "transport.failed"

    reason: str


class IncomingExceeded(TransportEvent):
    """The client has sent far more than `LimitIncoming` allows, for a while; told again if it goes on."""

    row = "transport.incomingExceeded"

    bitrate_bps: int
    limit_bps: int


class DownlinkChanged(TransportEvent):
    """The bandwidth towards the client, in bit/s."""

    row = "transport.bandwidth"

    desired_bitrate: int
    """The need of all tracks that the client wants, at their best."""
    effective_desired_bitrate: int
    """The goal of probing: the same with headroom."""
    available_bitrate: int
    """The estimate."""


# -- producers ---------------------------------------------------------------------------------------------


class ProducerEvent(RouterEvent):
    """News about a producer."""

    producer_id: str

    @property
    def subject(self) -> str:
        return self.producer_id


class ProducerScoreChanged(ProducerEvent):
    """The scores of the encodings that have been received so far."""

    row = "producer.score"

    score: list[EncodingScore]


class ProducerLayersWanted(ProducerEvent):
    """The highest spatial layer that anybody receives: those above it need not be sent."""

    row = "producer.layers"

    spatial_layer: int


# -- consumers ---------------------------------------------------------------------------------------------


class ConsumerEvent(RouterEvent):
    """News about a consumer."""

    consumer_id: str

    @property
    def subject(self) -> str:
        return self.consumer_id


class ConsumerScoreChanged(ConsumerEvent):
    """The score of a consumer or of its producer."""

    row = "consumer.score"

    score: ConsumerScore


class ConsumerLayersChanged(ConsumerEvent):
    """The layers that are forwarded; None while nothing is."""

    row = "consumer.layers"

    layers: Layers | None


# -- data channels -----------------------------------------------------------------------------------------


class DataProducerClosed(RouterEvent):
    """A data producer and its consumers have ended: its client has reset the stream, or SCTP has failed."""

    row = "dataProducer.closed"

    data_producer_id: str
    reason: str

    @property
    def subject(self) -> str:
        return self.data_producer_id


class DataConsumerClosed(RouterEvent):
    """A data consumer has ended: its client has reset the stream, SCTP has failed, or its queue is full."""

    row = "dataConsumer.closed"

    data_consumer_id: str
    reason: str

    @property
    def subject(self) -> str:
        return self.data_consumer_id


class DataMessage(RouterEvent):
    """A text message that a direct data consumer has got."""

    row = "dataConsumer.message"

    data_consumer_id: str
    number: int
    """Counts up, so that messages do not replace each other; at most WAITING of them wait."""
    text: str

    WAITING: ClassVar[int] = 256

    @property
    def subject(self) -> str:
        return f"{self.data_consumer_id} {self.number % self.WAITING}"


EVENTS: dict[str, type[Event]] = {
    event.row: event
    for event in (
        WorkerReady,
        WorkerFailed,
        SpeakerChanged,
        DominantSpeakerChanged,
        IceStateChanged,
        DtlsStateChanged,
        SctpStateChanged,
        TupleLearned,
        TransportFailed,
        IncomingExceeded,
        DownlinkChanged,
        ProducerScoreChanged,
        ProducerLayersWanted,
        ConsumerScoreChanged,
        ConsumerLayersChanged,
        DataProducerClosed,
        DataConsumerClosed,
        DataMessage,
    )
}
"""Every event, by its name on the pipe."""
