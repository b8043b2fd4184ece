"""The data of those requests of the classic mediasoup-demo that its successor spells in another way."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType

from mediad.signaling.dialects.dialect import Data


class CreateWebRtcTransport(Data):
    force_tcp: bool | None = None
    producing: bool | None = None
    consuming: bool | None = None
    sctp_capabilities: dict[str, Any] | UnsetType | None = UNSET
    """An explicit null for a transport without data channels."""


class ResetNetworkThrottle(Data):
    secret: Annotated[str, Meta(max_length=1024)]


class ApplyNetworkThrottle(ResetNetworkThrottle):
    uplink: float | None = None
    downlink: float | None = None
    rtt: float | None = None
    packet_loss: float | None = None
