"""RTP packets read from datagrams (RFC 3550 section 5.1)."""

from __future__ import annotations

import struct
from typing import NamedTuple

_HEADER = struct.Struct("!BBHII")
_EXTENSION = struct.Struct("!HH")
_RTCP_TYPES = range(192, 224)  # RFC 5761 section 4


class RtpPacket(NamedTuple):
    """A packet without its extensions and padding."""

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    marker: bool
    payload: bytes
    """Empty when the packet is padding alone."""


def is_rtcp(data: bytes) -> bool:
    """True when the datagram is RTCP, where both share a port."""
    return len(data) >= 8 and data[0] >> 6 == 2 and data[1] in _RTCP_TYPES


def read_rtp(data: bytes) -> RtpPacket | None:
    """Return the packet in a datagram; None when it is none, or a part of it is missing."""
    if len(data) < _HEADER.size or data[0] >> 6 != 2:
        return None
    first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
    start = _HEADER.size + 4 * (first & 0x0F)
    end = len(data)
    if first & 0x10:
        if start + 4 > end:
            return None
        _, words = _EXTENSION.unpack_from(data, start)
        start += 4 + 4 * words
    if first & 0x20:
        end -= data[-1]
        if not data[-1]:
            return None
    if start > end:
        return None
    return RtpPacket(second & 0x7F, sequence, timestamp, ssrc, bool(second & 0x80), data[start:end])
