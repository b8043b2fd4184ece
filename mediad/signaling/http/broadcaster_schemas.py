"""The bodies of requests about broadcasters, as structs that untrusted input meets first."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

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


class ConnectTransport(Data):
    dtls_parameters: DtlsParameters


class ProduceA(Data):
    kind: Literal["audio", "video"]
    rtp_parameters: dict[str, Any]


class ProduceData(Data):
    sctp_stream_parameters: dict[str, Any]
    label: ChannelText = ""
    protocol: ChannelText = ""
    app_data: dict[str, Any] | None = None


class ConsumeData(Data):
    data_producer_id: Id


class ConsumeB(Data):
    transport_id: Id
    producer_id: Id
    rtp_capabilities: dict[str, Any]
    paused: bool = False
