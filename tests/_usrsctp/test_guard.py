"""Packets that must not reach libusrsctp: each is dropped for its reason, and the association lives on."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import sctp_packets as p
from tests.support.sctp import Pair, sctp_stack


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    with sctp_stack() as stack:
        yield Pair(stack).connect()


def dropped(pair: Pair, packet: bytes) -> dict[str, int]:
    pair.far.association.dropped.clear()
    pair.far.association.receive_datagram(packet, pair.now_us)
    return pair.far.association.dropped


def parameter(kind: int, body: bytes = b"", length: int | None = None) -> bytes:
    return struct.pack("!HH", kind, 4 + len(body) if length is None else length) + body


INIT = p.init(1, 2)
FAULTY = {
    "empty": (b"", "packet_length"),
    "without a chunk": (p.packet(1), "packet_length"),
    "longer than a path carries": (p.packet(1, p.data(0, bytes(2048))), "packet_length"),
    "from another port": (p.packet(1, p.data(0), source=5001), "port"),
    "to another port": (p.packet(1, p.data(0), target=5001), "port"),
    "a chunk of length 0": (p.packet(1, p.chunk(p.DATA, bytes(20), length=0)), "chunk"),
    "a chunk shorter than its header": (p.packet(1, p.chunk(p.DATA, bytes(20), length=3)), "chunk"),
    "a chunk that leaves the packet": (p.packet(1, p.chunk(p.DATA, bytes(20), length=25)), "chunk"),
    "three bytes behind a chunk": (p.packet(1, p.data(0), b"abc"), "chunk"),
    "DATA without data": (p.packet(1, p.data(0, b"")), "chunk"),
    "a short SACK": (p.packet(1, p.chunk(p.SACK, bytes(11))), "chunk"),
    "gaps that are not there": (p.packet(1, p.chunk(p.SACK, struct.pack("!IIHH", 0, 0, 1, 0))), "chunk"),
    "duplicates that are not there": (
        p.packet(1, p.chunk(p.SACK, struct.pack("!IIHH", 0, 0, 0, 1))),
        "chunk",
    ),
    "as many as can be told": (p.packet(1, p.chunk(p.SACK, bytes(8) + b"\xff" * 4)), "chunk"),
    "a short SHUTDOWN": (p.packet(1, p.chunk(p.SHUTDOWN)), "chunk"),
    "a short FORWARD-TSN": (p.packet(1, p.chunk(p.FORWARD_TSN)), "chunk"),
    "a short INIT": (p.packet(0, p.chunk(p.INIT, bytes(15))), "chunk"),
    "a parameter of length 0": (p.packet(0, p.init(1, 2, more=parameter(0xC123, length=0))), "chunk"),
    "a parameter that leaves the chunk": (
        p.packet(0, p.init(1, 2, more=parameter(0xC123, length=5))),
        "chunk",
    ),
    "half a parameter": (p.packet(0, p.init(1, 2, more=b"ab")), "chunk"),
    "a request of length 0": (p.packet(1, p.chunk(p.RE_CONFIG, parameter(13, bytes(12), 0))), "chunk"),
    "a cause of length 0": (p.packet(1, p.chunk(p.ERROR, parameter(3, bytes(12), 0))), "chunk"),
    "a heartbeat of length 0": (p.packet(1, p.chunk(p.HEARTBEAT, parameter(1, bytes(12), 0))), "chunk"),
    "INIT with an address": (p.packet(0, p.init(1, 2, more=parameter(5, bytes(4)))), "chunk_kind"),
    "INIT with a host name": (p.packet(0, p.init(1, 2, more=parameter(11, b"host"))), "chunk_kind"),
    **{
        f"chunk {kind:#x}": (p.packet(1, p.chunk(kind, bytes(32))), "chunk_kind")
        for kind in (
            *(p.ECNE, p.CWR, p.AUTH, p.NR_SACK, p.I_DATA),
            *(p.ASCONF_ACK, p.PKTDROP, p.ASCONF, p.I_FORWARD_TSN),
        )
    },
    "INIT of a peer that is connected": (p.packet(0, INIT), "init"),
    "a tag of another": (p.packet(1, p.data(0)), "tag"),
    "no tag": (p.packet(0, p.data(0)), "tag"),
    "an end under another tag": (p.packet(1, p.chunk(p.ABORT)), "tag"),
    "an end that reflects another tag": (p.packet(1, p.chunk(p.ABORT, flags=1)), "tag"),
    "an INIT with a tag": (p.packet(1, INIT), "init"),
    "INIT before another chunk": (p.packet(0, INIT, p.data(0)), "init"),
    "INIT behind another chunk": (p.packet(0, p.data(0), INIT), "init"),
}


@pytest.mark.parametrize("what", FAULTY)
def test_a_faulty_packet_is_dropped_with_its_reason(pair: Pair, what: str) -> None:
    packet, reason = FAULTY[what]
    assert dropped(pair, packet) == {reason: 1}


@pytest.mark.parametrize(
    "chunk",
    [
        None,  # a SACK of nothing
        p.data(0)[:17] + b"",  # the last chunk's padding may be missing
        p.chunk(p.HEARTBEAT, parameter(1, b"anything")),
        p.chunk(0x84, bytes(8)),  # PAD, RFC 4820: unknown here, and to be skipped
    ],
)
def test_a_sound_packet_is_taken(pair: Pair, chunk: bytes | None) -> None:
    told = p.numbers(pair.far.packets)
    assert dropped(pair, p.packet(told.tag, chunk or p.sack(told.tsn - 1))) == {}
    assert pair.far.association.next_event() is None


@given(st.binary(max_size=100), st.sampled_from([p.INIT, p.RE_CONFIG, p.SACK, p.ERROR, p.DATA, 0x7F]))
def test_nothing_that_lies_about_a_length_gets_through(pair: Pair, body: bytes, kind: int) -> None:
    pair.far.association.receive_datagram(p.packet(1, p.chunk(kind, body)), pair.now_us)
    pair.far.association.receive_datagram(body, pair.now_us)
    assert pair.far.states[-1] == "connected"
