"""RTP packets as a browser sends them: VP8 with 15-bit picture ids; MID, send time and transport-cc."""

from __future__ import annotations

import struct
from collections.abc import Iterator

SSRC = 0x11223344
PAYLOAD_TYPE = 96
CLOCK_RATE = 90_000
PACKET_BYTES = 1200
PACKETS_PER_FRAME = 20
FRAMES_PER_SECOND = 30
MID_ID, ABS_SEND_TIME_ID, TRANSPORT_CC_ID = 1, 2, 3
MID = b"0"


def packets(numbers: range) -> Iterator[bytes]:
    """The packets of those numbers in an endless stream whose first frame is a key frame."""
    for number in numbers:
        yield packet(number)


def packet(number: int) -> bytes:
    frame, position = divmod(number, PACKETS_PER_FRAME)
    marker = 0x80 if position == PACKETS_PER_FRAME - 1 else 0
    timestamp = frame * CLOCK_RATE // FRAMES_PER_SECOND & 0xFFFFFFFF
    header = struct.pack("!BBHII", 0x90, marker | PAYLOAD_TYPE, number & 0xFFFF, timestamp, SSRC)
    elements = (
        bytes([MID_ID << 4 | len(MID) - 1])
        + MID
        + bytes([ABS_SEND_TIME_ID << 4 | 2])
        + (number & 0xFFFFFF).to_bytes(3, "big")
        + bytes([TRANSPORT_CC_ID << 4 | 1])
        + (number & 0xFFFF).to_bytes(2, "big")
    )
    elements += bytes(-len(elements) % 4)
    extensions = struct.pack("!HH", 0xBEDE, len(elements) // 4) + elements
    payload = vp8(frame, first=position == 0)
    return (header + extensions + payload).ljust(PACKET_BYTES, b"\xaa")


def vp8(frame: int, *, first: bool) -> bytes:
    """The payload descriptor (RFC 7741 section 4.2) and, on a frame's first packet, the frame header."""
    descriptor = struct.pack("!BBH", 0x80 | (0x10 if first else 0), 0x80, 0x8000 | frame & 0x7FFF)
    if not first:
        return descriptor
    if frame:
        return descriptor + b"\x01\x00\x00"
    return descriptor + b"\x10\x00\x00\x9d\x01\x2a" + struct.pack("<HH", 640, 480)
