"""The data of those requests of the classic mediasoup-demo that its successor spells in another way."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, UnsetType

from mediad.signaling.dialects.demo_schemas import NetworkSecret
from mediad.signaling.dialects.dialect import Data


class CreateWebRtcTransport(Data):
    force_tcp: bool | None = None
    producing: bool | None = None
    consuming: bool | None = None
    sctp_capabilities: dict[str, Any] | UnsetType | None = UNSET
    """An explicit null for a transport without data channels."""


class ApplyNetworkThrottle(NetworkSecret):
    uplink: float | None = None
    downlink: float | None = None
    rtt: float | None = None
    packet_loss: float | None = None
