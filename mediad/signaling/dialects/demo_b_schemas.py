"""The data of those requests of mediasoup-demo's TypeScript server that differ from dialect A's."""

from __future__ import annotations

from typing import Literal

from mediad.signaling.dialects.dialect import Data


class TransportAppData(Data):
    direction: Literal["producer", "consumer"]


class CreateWebRtcTransport(Data):
    app_data: TransportAppData
    force_tcp: bool | None = None
