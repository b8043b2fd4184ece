"""The data of messages that both dialects of mediasoup-demo have: structs that untrusted input meets first.

Unknown keys are ignored, clients send more than the server reads. RTP parameters and capabilities stay plain
objects here, negotiation has its own validation for them.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from mediad.signaling.dialects.dialect import Data

Id = Annotated[str, Meta(min_length=1, max_length=128)]
"""An id this server made; longer strings name nothing."""

DisplayName = Annotated[str, Meta(max_length=256)]
ShortText = Annotated[str, Meta(max_length=128)]
ChannelText = Annotated[str, Meta(max_length=256)]
"""The label or the subprotocol of a data channel, which are copied to everybody."""
Layer = Annotated[int, Meta(ge=0, le=255)]


class Nothing(Data):
    """A request without data; whatever is sent is ignored."""


class DeviceData(Data):
    flag: ShortText | None = None
    name: ShortText | None = None
    version: ShortText | None = None


class Join(Data):
    display_name: DisplayName
    device: DeviceData = msgspec.field(default_factory=DeviceData)
    rtp_capabilities: dict[str, Any] | None = None
    sctp_capabilities: dict[str, Any] | None = None
    """Given by a client that is to be offered data channels; what it holds says nothing that is needed."""


class Fingerprint(Data):
    algorithm: Literal["sha-1", "sha-224", "sha-256", "sha-384", "sha-512"]
    value: Annotated[str, Meta(pattern=r"^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){19,63}$")]


class DtlsParameters(Data):
    fingerprints: Annotated[list[Fingerprint], Meta(min_length=1, max_length=16)]
    role: Literal["auto", "client", "server"] = "auto"


class TransportData(Data):
    transport_id: Id


class ConnectWebRtcTransport(Data):
    transport_id: Id
    dtls_parameters: DtlsParameters


class Produce(Data):
    transport_id: Id
    kind: Literal["audio", "video"]
    rtp_parameters: dict[str, Any]
    app_data: dict[str, Any] | None = None


class ProducerData(Data):
    producer_id: Id


class ConsumerData(Data):
    consumer_id: Id


class ProduceData(Data):
    transport_id: Id
    sctp_stream_parameters: dict[str, Any]
    label: ChannelText = ""
    protocol: ChannelText = ""
    app_data: dict[str, Any] | None = None


class DataProducerData(Data):
    data_producer_id: Id


class DataConsumerData(Data):
    data_consumer_id: Id


class SetConsumerPreferredLayers(Data):
    consumer_id: Id
    spatial_layer: Layer
    temporal_layer: Layer | None = None


class SetConsumerPriority(Data):
    consumer_id: Id
    priority: Annotated[int, Meta(ge=1, le=255)]


class ChangeDisplayName(Data):
    display_name: DisplayName


class NetworkSecret(Data):
    secret: Annotated[str, Meta(max_length=1024)]
