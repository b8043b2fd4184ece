"""Requests about networks that the worker emulates for single clients; `mediad.worker.methods` answers."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from mediad.pipe.messages import Done, Message, Request

UNLIMITED_KBPS = 1_000_000
"""A rate that is no limit, as are all above."""

Kbps = Annotated[float, Meta(ge=1, le=10_000_000)]


class NetworkThrottle(Message):
    """An emulated network between the server and one client."""

    uplink_kbps: Kbps = UNLIMITED_KBPS
    """The rate from the client, in kbit/s."""
    downlink_kbps: Kbps = UNLIMITED_KBPS
    """The rate towards the client, in kbit/s."""
    rtt_ms: Annotated[float, Meta(ge=0, le=4000)] = 0
    """The time that is added to a round trip, half of it each way."""
    packet_loss_percent: Annotated[float, Meta(ge=0, le=100)] = 0
    """The share of datagrams that is lost, each way."""


class ThrottleTransport(Request[Done]):
    """Put a transport behind an emulated network; None takes it out again."""

    row = "transport.throttle"

    transport_id: str
    throttle: NetworkThrottle | None
