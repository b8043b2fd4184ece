"""SCTP packets made by hand (RFC 9260 section 3), well-formed or not, with the checksum they need."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import google_crc32c

PORT = 5000
DATA, INIT, INIT_ACK, SACK, HEARTBEAT, HEARTBEAT_ACK, ABORT, SHUTDOWN = range(8)
SHUTDOWN_ACK, ERROR, COOKIE_ECHO, COOKIE_ACK, ECNE, CWR, SHUTDOWN_COMPLETE, AUTH = range(8, 16)
NR_SACK, I_DATA, ASCONF_ACK, PKTDROP, RE_CONFIG, PAD, FORWARD_TSN, ASCONF, I_FORWARD_TSN = (
    *(0x10, 0x40, 0x80, 0x81, 0x82, 0x84, 0xC0, 0xC1, 0xC2),
)
FIRST, LAST, UNORDERED = 2, 1, 4
WHOLE = FIRST | LAST


def packet(tag: int, *chunks: bytes, source: int = PORT, target: int = PORT) -> bytes:
    body = struct.pack("!HHII", source, target, tag, 0) + b"".join(chunks)
    return body[:8] + struct.pack("<I", google_crc32c.value(body)) + body[12:]


def chunk(kind: int, body: bytes = b"", *, flags: int = 0, length: int | None = None) -> bytes:
    """Return a chunk with its padding. `length` is what it says of itself, where that is not the truth."""
    told = 4 + len(body) if length is None else length
    return struct.pack("!BBH", kind, flags, told) + body + bytes(-len(body) % 4)


def data(
    tsn: int, payload: bytes = b"x", *, stream: int = 0, number: int = 0, ppid: int = 53, flags: int = WHOLE
) -> bytes:
    head = struct.pack("!IHHI", tsn & 0xFFFF_FFFF, stream, number & 0xFFFF, ppid)
    return chunk(DATA, head + payload, flags=flags)


def sack(tsn: int, *, window: int = 1 << 20, gaps: Sequence[tuple[int, int]] = ()) -> bytes:
    body = struct.pack("!IIHH", tsn & 0xFFFF_FFFF, window, len(gaps), 0)
    return chunk(SACK, body + b"".join(struct.pack("!HH", *gap) for gap in gaps))


def init(tag: int, tsn: int, *, streams_out: int = 1024, streams_in: int = 1024, more: bytes = b"") -> bytes:
    return chunk(INIT, struct.pack("!IIHHI", tag, 1 << 20, streams_out, streams_in, tsn) + more)


def forward_tsn(tsn: int, streams: Sequence[tuple[int, int]] = ()) -> bytes:
    body = struct.pack("!I", tsn & 0xFFFF_FFFF) + b"".join(struct.pack("!HH", *one) for one in streams)
    return chunk(FORWARD_TSN, body)


def reset_request(number: int, tsn: int, streams: Sequence[int]) -> bytes:
    body = struct.pack(f"!III{len(streams)}H", number & 0xFFFF_FFFF, 0, tsn & 0xFFFF_FFFF, *streams)
    return chunk(RE_CONFIG, struct.pack("!HH", 13, 4 + len(body)) + body)


@dataclass(frozen=True, slots=True)
class Chunk:
    kind: int
    flags: int
    body: bytes


def chunks(packet: bytes) -> Iterator[Chunk]:
    at = 12
    while at + 4 <= len(packet):
        kind, flags, length = struct.unpack_from("!BBH", packet, at)
        yield Chunk(kind, flags, packet[at + 4 : at + length])
        at += (length + 3) & ~3


@dataclass(frozen=True, slots=True)
class Numbers:
    """The tag that packets to an end carry, and the TSN of the first data from it."""

    tag: int
    tsn: int


def numbers(packets: Sequence[bytes]) -> Numbers:
    """Return what an end told in its INIT."""
    for sent in packets:
        for one in chunks(sent):
            if one.kind == INIT:
                tag, _, _, _, tsn = struct.unpack_from("!IIHHI", one.body)
                return Numbers(tag, tsn)
    raise AssertionError("no INIT was sent")
