"""Records of what an SCTP association tells its owner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SctpState = Literal["connecting", "connected", "failed", "closed"]


@dataclass(frozen=True, slots=True)
class StateChanged:
    """The association has another state. `failed` and `closed` are final, and no event follows them."""

    state: SctpState
    reason: str = ""
    """The cause, for logs."""


@dataclass(frozen=True, slots=True)
class MessageReceived:
    """One whole user message (RFC 9260 section 6.9)."""

    stream_id: int
    ppid: int
    """The kind of the bytes (RFC 8831 section 8), chosen by the peer and not checked."""
    data: bytes


@dataclass(frozen=True, slots=True)
class StreamsReset:
    """The peer has reset streams on which it sends (RFC 6525 section 5.2.2): it closed those channels."""

    stream_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SendReady:
    """A message that `send` had no room for may be tried again."""


SctpEvent = StateChanged | MessageReceived | StreamsReset | SendReady
