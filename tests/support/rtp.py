"""RTP packets built octet by octet, so that no codec tests itself."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

ONE_BYTE, TWO_BYTE = 0xBEDE, 0x1000

Element = tuple[int, bytes]


def one_byte_elements(elements: Iterable[Element]) -> bytes:
    return b"".join(bytes([number << 4 | len(value) - 1]) + value for number, value in elements)


def two_byte_elements(elements: Iterable[Element]) -> bytes:
    return b"".join(bytes([number, len(value)]) + value for number, value in elements)


def extension_block(profile: int, body: bytes) -> bytes:
    """The block behind the CSRCs, padded to its boundary."""
    body += bytes(-len(body) % 4)
    return struct.pack("!HH", profile, len(body) // 4) + body


def packet(
    payload: bytes = b"",
    *,
    payload_type: int = 96,
    marker: bool = False,
    sequence_number: int = 1,
    timestamp: int = 90_000,
    ssrc: int = 0x1234_5678,
    csrcs: Sequence[int] = (),
    extension: bytes = b"",
    padding: int = 0,
) -> bytes:
    """`extension` is an extension_block(); `padding` counts the last byte, which says how much it is."""
    first = 0x80 | bool(padding) << 5 | bool(extension) << 4 | len(csrcs)
    header = struct.pack(
        "!BBHII", first, marker << 7 | payload_type, sequence_number & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc
    )
    tail = bytes(padding - 1) + bytes([padding]) if padding else b""
    return header + struct.pack(f"!{len(csrcs)}I", *csrcs) + extension + payload + tail
