"""The bodies of requests about broadcasters, as structs that untrusted input meets first."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from mediad.pipe.transport_requests import CryptoSuite, Port, SrtpParameters
from mediad.signaling.dialects.demo_schemas import ChannelText, DeviceData, DisplayName, DtlsParameters, Id
from mediad.signaling.dialects.dialect import Data


class CreateA(Data):
    """The body that makes a broadcaster in dialect A, which has texts of its own for what is missing."""

    id: str = ""
    display_name: DisplayName = ""
    device: DeviceData = msgspec.field(default_factory=DeviceData)
    rtp_capabilities: Any = None


class CreateB(Data):
    peer_id: Id
    display_name: DisplayName
    device: DeviceData = msgspec.field(default_factory=DeviceData)


class CreateTransport(Data):
    """The body that makes a transport; dialect B knows only plain ones and names no type."""

    type: str | None = None
    direction: Literal["producer", "consumer"] | None = None
    sctp_capabilities: dict[str, Any] | None = None
    """Given for a transport with data channels; what is in it does not matter."""
    rtcp_mux: bool | None = None
    comedia: bool | None = None
    enable_srtp: bool = False
    srtp_crypto_suite: CryptoSuite = "AES_CM_128_HMAC_SHA1_80"
    """The suite of an encrypted transport, until its client names another; without a word mediasoup's."""


class ConnectTransport(Data):
    dtls_parameters: DtlsParameters


class ConnectPlain(Data):
    ip: str | None = None
    port: Port | None = None
    rtcp_port: Port | None = None
    srtp_parameters: SrtpParameters | None = None


class ProduceOn(Data):
    """The body that makes a producer on the transport that the path names."""

    kind: Literal["audio", "video"]
    rtp_parameters: dict[str, Any]
    app_data: dict[str, Any] | None = None


class ProduceData(Data):
    sctp_stream_parameters: dict[str, Any]
    label: ChannelText = ""
    protocol: ChannelText = ""
    app_data: dict[str, Any] | None = None


class ConsumeData(Data):
    data_producer_id: Id


class ConsumeOn(Data):
    """The body that makes a consumer on the transport that the path names, in dialect B."""

    producer_id: Id
    rtp_capabilities: dict[str, Any]
    paused: bool = False


class ConsumeB(ConsumeOn, kw_only=True):
    transport_id: Id


class Resume(Data):
    consumer_id: Id
