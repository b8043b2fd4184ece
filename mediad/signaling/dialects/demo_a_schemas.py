"""The data of those requests of the classic mediasoup-demo that its successor spells in another way."""

from __future__ import annotations

from mediad.signaling.dialects.dialect import Data


class CreateWebRtcTransport(Data):
    force_tcp: bool | None = None
    producing: bool | None = None
    consuming: bool | None = None
