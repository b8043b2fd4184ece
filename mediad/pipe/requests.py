"""Requests of the supervisor to a worker about what is in rooms, by subject, each with the reply it gets.

Looking for `transport.create`, or for `CreateTransport`, finds who asks (`mediad.rooms`; `mediad.supervisor`
on its own account), this struct, and who answers (`mediad.worker.methods`). Requests about the process are in
`worker_requests`, those about data channels in `data_requests`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from mediad.pipe.data_requests import SctpParameters
from mediad.pipe.messages import Done, Message, Request
from mediad.pipe.rtp import RtpMapping, RtpParameters
from mediad.pipe.scores import ConsumerScore, Layers

MediaKind = Literal["audio", "video"]
TrackType = Literal["simple", "simulcast", "svc"]
Layer = Annotated[int, msgspec.Meta(ge=0)]
Statistics = list[dict[str, Any]]
"""mediasoup's statistics objects: open dicts, because they only pass through to clients and operators."""


class Stats(Message):
    """Statistics of one transport, producer or consumer, one object or several."""

    stats: Statistics


# -- routers -----------------------------------------------------------------------------------------------


class CreateRouter(Request[Done]):
    """Make a router: a room's place on the worker."""

    row = "router.create"

    router_id: str


class RouterStats(Message):
    """Statistics of every transport of a router, one object each."""

    transports: Statistics


class GetRouterStats(Request[RouterStats]):
    """A question for all transports of a router at once, since a request for each would load a busy node."""

    row = "router.stats"

    router_id: str


class CloseRouter(Request[Done]):
    """Close a router with everything on it."""

    row = "router.close"

    router_id: str


# -- transports --------------------------------------------------------------------------------------------


class IceParameters(Message):
    """The worker's ICE credentials (RFC 8445 section 5.3)."""

    username_fragment: str
    password: str
    ice_lite: bool


class IceCandidate(Message):
    """An address of the worker, as a client is told it."""

    foundation: str
    priority: int
    ip: str
    """The same as `address`, for older clients."""
    address: str
    protocol: str
    port: int
    type: str
    tcp_type: str | None = None
    """`passive` for TCP (RFC 6544 section 4.5); None for UDP."""


class DtlsFingerprint(Message):
    """The digest of a certificate (RFC 8122)."""

    algorithm: str
    value: str


class DtlsParameters(Message):
    """One side's certificate, and the DTLS role that it wants. Without a role it takes either."""

    fingerprints: list[DtlsFingerprint]
    role: Literal["auto", "client", "server"] = "auto"


class ServerDtlsParameters(Message):
    """The worker's certificate and DTLS role. The client is told the role, so it is always on the pipe."""

    role: str
    fingerprints: list[DtlsFingerprint]


class TransportCreated(Message):
    """The parameters by which a client connects to a new transport."""

    ice_parameters: IceParameters
    ice_candidates: list[IceCandidate]
    dtls_parameters: ServerDtlsParameters
    sctp_parameters: SctpParameters | None = None
    """The SCTP side; None for a transport without data channels."""


class CreateTransport(Request[TransportCreated]):
    """Make a WebRTC transport on a router."""

    row = "transport.create"

    router_id: str
    transport_id: str
    force_tcp: bool = False
    enable_sctp: bool = False
    """True when the client may open data channels on it."""


class TransportConnected(Message):
    """The DTLS role that the worker took."""

    dtls_local_role: str


class ConnectTransport(Request[TransportConnected]):
    """Tell a transport who its client is; once."""

    row = "transport.connect"

    transport_id: str
    dtls_parameters: DtlsParameters


class IceRestarted(Message):
    """New ICE credentials; the old ones hold until the client uses the new."""

    ice_parameters: IceParameters


class RestartIce(Request[IceRestarted]):
    """Make new ICE credentials for a transport."""

    row = "transport.restartIce"

    transport_id: str


class GetTransportStats(Request[Stats]):
    """Statistics of a transport."""

    row = "transport.stats"

    transport_id: str


class CloseTransport(Request[Done]):
    """Close a transport with its producers and consumers."""

    row = "transport.close"

    transport_id: str


# -- producers ---------------------------------------------------------------------------------------------


class CreateProducer(Request[Done]):
    """Receive a track on a transport."""

    row = "producer.create"

    transport_id: str
    producer_id: str
    kind: MediaKind
    rtp_parameters: RtpParameters
    rtp_mapping: RtpMapping
    paused: bool = False
    levels: bool = False
    """True when the track counts in the decision who speaks."""


class PauseProducer(Request[Done]):
    """Stop forwarding a track to anybody."""

    row = "producer.pause"

    producer_id: str


class ResumeProducer(Request[Done]):
    """Undo a pause."""

    row = "producer.resume"

    producer_id: str


class CloseProducer(Request[Done]):
    """Close a producer with its consumers."""

    row = "producer.close"

    producer_id: str


class GetProducerStats(Request[Stats]):
    """Statistics of a producer, one object for each of its streams."""

    row = "producer.stats"

    producer_id: str


# -- consumers ---------------------------------------------------------------------------------------------


class Form(Message):
    """A track as it was negotiated for some of its receivers."""

    producer_id: str
    type: TrackType
    rtp_parameters: RtpParameters
    """The parameters except SSRCs and MIDs, which differ from consumer to consumer."""
    produced_by: str = ""
    """The sender (`mediad.rooms.asker`). Only the supervisor reads it, after a worker has died."""


class NewConsumer(Message):
    """One consumer that is to be made."""

    consumer_id: str
    transport_id: str
    form: int
    """The number of its form."""
    ssrc: int
    rtx_ssrc: int = 0
    """The SSRC of retransmissions; 0: they are not sent as RTX."""
    mid: str = ""


class ConsumerMade(Message):
    """The score of a consumer that was made, or the code and reason why it was not."""

    score: ConsumerScore | None = None
    code: str = ""
    reason: str = ""


class ConsumersCreated(Message):
    """The outcome for each consumer, in the order in which they were asked for."""

    consumers: list[ConsumerMade]


class CreateConsumers(Request[ConsumersCreated]):
    """Make many consumers of one router at once; their common parameters are given once."""

    row = "consumers.create"

    forms: list[Form]
    consumers: list[NewConsumer]
    paused: bool = False
    ignore_dtx: bool = False


class ConsumersResumed(Message):
    """The ids among those asked for that name no consumer."""

    missing: list[str]


class ResumeConsumers(Request[ConsumersResumed]):
    """Let packets flow to many consumers at once."""

    row = "consumers.resume"

    consumer_ids: list[str]
    produced_by: list[str] = msgspec.field(default_factory=list)
    """The senders of the tracks, as in Form."""


class PauseConsumer(Request[Done]):
    """Stop forwarding to one consumer."""

    row = "consumer.pause"

    consumer_id: str


class ResumeConsumer(Request[Done]):
    """Undo a pause."""

    row = "consumer.resume"

    consumer_id: str


class PreferredLayersSet(Message):
    """The layers that were asked for, limited to those that exist; None for a track without layers."""

    preferred_layers: Layers | None


class SetPreferredLayers(Request[PreferredLayersSet]):
    """The highest layers to forward to a consumer; without a temporal layer, all of these."""

    row = "consumer.setPreferredLayers"

    consumer_id: str
    spatial_layer: Layer
    temporal_layer: Layer | None = None


class SetPriority(Request[Done]):
    """The weight of a consumer when bandwidth is short: 1 to 255."""

    row = "consumer.setPriority"

    consumer_id: str
    priority: int


class RequestKeyFrame(Request[Done]):
    """Ask the sender of a consumer's track for a key frame."""

    row = "consumer.requestKeyFrame"

    consumer_id: str


class CloseConsumer(Request[Done]):
    """Close a consumer."""

    row = "consumer.close"

    consumer_id: str


class GetConsumerStats(Request[Stats]):
    """Statistics of a consumer and of the stream it comes from."""

    row = "consumer.stats"

    consumer_id: str
