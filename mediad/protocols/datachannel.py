"""Messages of WebRTC data channels as SCTP carries them (RFC 8831 section 6.6 and section 8).

Channels are negotiated by signaling, so no DCEP is spoken (RFC 8832): its messages are refused like those of
any other protocol on the association.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

DCEP, TEXT, BINARY, EMPTY_TEXT, EMPTY_BINARY = 50, 51, 53, 56, 57
"""Payload protocol identifiers. 52 and 54, for parts of messages, are deprecated and refused."""

Refusal = Literal["dcep", "ppid"]

_ZERO = b"\0"
"""The content of an empty message: SCTP has no messages without bytes."""


@dataclass(frozen=True, slots=True)
class ChannelMessage:
    """One message of a channel, ready to be sent to any number of others: its bytes are shared."""

    ppid: int
    data: bytes

    @property
    def size(self) -> int:
        """Bytes of its content; 0 for an empty message, although one is sent."""
        return 0 if self.ppid in (EMPTY_TEXT, EMPTY_BINARY) else len(self.data)

    @property
    def text(self) -> str | None:
        """The content of a text message; None for a binary one, and for text that is not UTF-8."""
        if self.ppid == EMPTY_TEXT:
            return ""
        try:
            return self.data.decode() if self.ppid == TEXT else None
        except UnicodeDecodeError:
            return None


def read_message(ppid: int, data: bytes) -> ChannelMessage | Refusal:
    """Return the message that came under a payload protocol identifier, or the reason to drop it."""
    if ppid in (TEXT, BINARY):
        return ChannelMessage(ppid, data)
    if ppid in (EMPTY_TEXT, EMPTY_BINARY):
        return ChannelMessage(ppid, _ZERO)
    return "dcep" if ppid == DCEP else "ppid"


def text_message(text: str) -> ChannelMessage:
    """Return a text as a message. Raises UnicodeEncodeError for half of a surrogate pair."""
    return ChannelMessage(TEXT, text.encode()) if text else ChannelMessage(EMPTY_TEXT, _ZERO)
