"""The data of those requests of mediasoup-demo's TypeScript server that differ from dialect A's."""

from __future__ import annotations

from typing import Literal

import msgspec

from mediad.signaling.dialects.demo_schemas import NetworkSecret
from mediad.signaling.dialects.dialect import Data


class TransportAppData(Data):
    direction: Literal["producer", "consumer"]


class CreateWebRtcTransport(Data):
    app_data: TransportAppData
    force_tcp: bool | None = None


class NetworkOptions(Data):
    up: float | None = None
    down: float | None = None
    rtt: float | None = None
    packet_loss: float | None = None


class ApplyNetworkThrottle(NetworkSecret):
    options: NetworkOptions = msgspec.field(default_factory=NetworkOptions)
