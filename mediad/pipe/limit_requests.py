"""Requests about limits that hold for single clients; `mediad.worker.methods` answers."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from mediad.pipe.messages import Done, Request

Bps = Annotated[int, Meta(ge=1, le=10**12)]


class LimitIncoming(Request[Done]):
    """Limit what the client sends on a transport, beside the limit of the settings; None ends this limit.

    Its encoders are told by REMB.
    """

    row = "transport.limitIncoming"

    transport_id: str
    bitrate_bps: Bps | None
