"""A connected association that is fed what a hostile peer could send behind DTLS.

An input is a row of records: what it is and the time before it (one byte), length (two), bytes. Chunks get a
right header, and their numbers count from the peer's first TSN: so mutations reach what stands behind these.
"""

from __future__ import annotations

import struct

from mediad.protocols.datachannel import (
    BINARY,
    DCEP,
    EMPTY_BINARY,
    EMPTY_TEXT,
    TEXT,
    ChannelMessage,
    read_message,
    text_message,
)
from tests.fuzz.target import Target
from tests.support import sctp_packets as p
from tests.support.sctp import PACKET_BYTES, Pair, sctp_stack

CHUNKS, PACKET, MESSAGE, ANSWER = range(0, 256, 64)
"""The body is chunks, a whole packet, a message that the peer sends, or one that it is sent."""
STEP_US = 50_000
RELATIVE = {p.DATA, p.SACK, p.FORWARD_TSN, p.SHUTDOWN, p.I_DATA, p.NR_SACK}
BOUND_BYTES = 4 << 20
MASK = 0xFFFF_FFFF


def record(kind: int, body: bytes, *, steps: int = 0) -> bytes:
    return struct.pack("!BH", kind | steps, len(body)) + body


def chunks(*some: bytes, steps: int = 0) -> bytes:
    return record(CHUNKS, b"".join(some), steps=steps)


def seeds() -> list[bytes]:
    text = record(MESSAGE, b"\x01" + b"hello")
    long = record(MESSAGE, b"\x02" + bytes(3000), steps=1) * 2
    answers = b"".join(record(ANSWER, bytes([n]) + bytes(900)) for n in range(4))
    parts = [p.data(n, bytes(50), flags=flags) for n, flags in enumerate((p.FIRST, 0, 0, p.LAST))]
    unordered = [p.data(n, bytes(50), flags=flags | p.UNORDERED) for n, flags in enumerate((2, 0, 0, 1))]
    return [
        text + answers + text,
        long + answers,
        chunks(*parts),
        chunks(*unordered),
        chunks(parts[3]) + chunks(parts[1]) + chunks(parts[0]) + chunks(parts[2], steps=10),
        chunks(p.data(1, number=1), p.data(2, number=2)) + chunks(p.data(0), steps=3),
        chunks(parts[0], parts[1]) + chunks(p.forward_tsn(3, [(0, 0)])) + chunks(p.data(4, number=1)),
        answers + chunks(p.sack(0, gaps=[(2, 2), (4, 4)])) * 3 + chunks(p.sack(3)),
        answers + chunks(p.sack(0, window=0)) + answers,
        chunks(p.reset_request(0, 0, [1, 2, 3])) + chunks(p.data(0)) + chunks(p.reset_request(1, 0, [])),
        chunks(p.chunk(p.RE_CONFIG, struct.pack("!HHIII", 14, 16, 0, 1, 2))),
        chunks(p.chunk(p.RE_CONFIG, struct.pack("!HHIHH", 17, 12, 0, 64, 0))),
        chunks(p.chunk(p.RE_CONFIG, struct.pack("!HHIIII", 16, 20, 0, 1, 2, 3))),
        chunks(p.chunk(p.HEARTBEAT, struct.pack("!HH", 1, 40) + bytes(36))),
        chunks(
            p.chunk(p.ERROR, struct.pack("!HHI", 3, 8, 0)), p.chunk(p.ERROR, struct.pack("!HHI", 6, 8, 0))
        ),
        chunks(p.chunk(p.SHUTDOWN, bytes(4))) + chunks(p.chunk(p.SHUTDOWN_COMPLETE)),
        chunks(p.chunk(p.ABORT, struct.pack("!HH", 12, 4))),
        chunks(p.chunk(p.ASCONF, struct.pack("!IHHIHHI", 0, 5, 8, 1, 0xC001, 16, 1) + bytes(12))),
        chunks(p.chunk(p.AUTH, struct.pack("!HH", 0, 1) + bytes(20)), p.data(0)),
        chunks(p.chunk(p.PKTDROP, bytes(40)), p.chunk(p.ECNE, bytes(4)), p.chunk(p.CWR, bytes(4))),
        chunks(p.chunk(0x7F, bytes(8)), p.chunk(0xBF, bytes(8)), p.chunk(0xFF, bytes(8)), p.data(0)),
        record(
            PACKET,
            p.packet(0, p.init(1, 2, more=struct.pack("!HHBBHHHH", 0x8008, 6, 0xC0, 0x82, 0, 0xC000, 4, 0))),
        ),
        record(PACKET, p.packet(0, p.init(1, 2, streams_out=65535, streams_in=65535))) + text,
        record(PACKET, p.packet(1, p.chunk(p.COOKIE_ECHO, bytes(300)))),
    ]


SEEDS = seeds()


def absolute(body: bytes, target: p.Numbers, peer: p.Numbers) -> bytes:
    """Return chunks whose TSNs and numbers of requests, which count from 0, count from the peer's first."""
    made = bytearray(body)
    at = 0
    while at + 8 <= len(made):
        kind, _, length = struct.unpack_from("!BBH", made, at)
        (number,) = struct.unpack_from("!I", made, at + 4)
        if kind in RELATIVE:
            first = target.tsn if kind in (p.SACK, p.NR_SACK, p.SHUTDOWN) else peer.tsn
            struct.pack_into("!I", made, at + 4, (first + number) & MASK)
        elif kind == p.RE_CONFIG and at + 20 <= len(made):
            number, _, tsn = struct.unpack_from("!III", made, at + 8)
            struct.pack_into("!I", made, at + 8, (peer.tsn + number) & MASK)
            struct.pack_into("!I", made, at + 16, (peer.tsn + tsn) & MASK)
        at += max(4, (length + 3) & ~3)
    return bytes(made)


def read_as_message(data: bytes) -> None:
    for ppid in (DCEP, TEXT, BINARY, EMPTY_TEXT, EMPTY_BINARY, len(data)):
        message = read_message(ppid, data)
        if isinstance(message, ChannelMessage):
            assert message.size <= len(data)
            if message.text is not None:
                assert text_message(message.text) == message or not data


def one_input(data: bytes) -> None:
    read_as_message(data)
    with sctp_stack() as stack:
        bystanders = Pair(stack).connect()
        pair = Pair(stack)
        pair.now_us = bystanders.now_us
        pair.connect()
        target, peer = p.numbers(pair.far.packets), p.numbers(pair.near.packets)
        victim = pair.far.association
        while len(data) >= 3:
            head, length = struct.unpack("!BH", data[:3])
            body, data = data[3 : 3 + length], data[3 + length :]
            pair.run((head & 63) * STEP_US)
            kind = head & 0xC0
            if kind == CHUNKS:
                body = p.packet(target.tag, absolute(body, target, peer))
            if kind in (CHUNKS, PACKET):
                victim.receive_datagram(body[:2000], pair.now_us)
            else:
                end = pair.near if kind == MESSAGE else pair.far
                if end.states[-1] == "connected" and len(body) > 1:
                    end.send(body[1:], pair.now_us, body[0])
            pair.settle()
            assert victim.memory_bytes < BOUND_BYTES
            assert all(len(packet) <= PACKET_BYTES for packet in pair.far.packets)
            pair.far.packets.clear()
            for _, ppid, content in pair.far.messages:
                message = read_message(ppid, content)
                assert isinstance(message, str) or (message.text is None or message.ppid != BINARY)
            pair.far.messages.clear()
        pair.run(1_000_000)
        bystanders.now_us = pair.now_us
        assert bystanders.send(b"still here")
        bystanders.run(1_000_000)
        assert bystanders.far.messages == [(1, 53, b"still here")]
        pair.far.association.close()
        assert victim.memory_bytes == 0


TARGET = Target(
    "sctp",
    SEEDS,
    lambda: one_input,
    ("protocols/datachannel.py",),
    objects=("_usrsctp/association.pyx",),
)
