"""A call over transports without ICE: datagrams to each socket, from known addresses and from strangers.

An input is a byte of options (RTCP apart, with data channels, learning) and a row of records: the socket, the
source and the time since the last one (one byte), length (two), the datagram. Nothing is encrypted, as in the
engine's own target.
"""

from __future__ import annotations

import struct

from mediad._fastpath.door.events import AddressLearned
from tests.fuzz.target import Target
from tests.support import engine as e
from tests.support import plain_call as p
from tests.windows.engine import EngineWindow

APART, DATA, LEARN = 1, 2, 4
SOCKETS = (p.RTP_SOCKET, p.RTCP_SOCKET, p.OUT_SOCKET)
SOURCES = (p.SENDER, p.SENDER_RTCP, p.RECEIVER, ("10.0.0.200", 5), p.STRANGER)
STEP_US = 50_000


def record(data: bytes, *, socket: int = 0, source: int = 0, steps: int = 1) -> bytes:
    return struct.pack("!BH", socket << 6 | source << 3 | steps, len(data)) + data


def seeds() -> list[bytes]:
    video = [e.rtp(n, 3000 * n, e.vp8_payload(n, keyframe=n == 0, tl0=n)) for n in range(6)]
    report = struct.pack("!BBHIQIII", 0x80, 200, 6, e.SSRC, 1 << 60, 9000, 5, 500)
    init = struct.pack("!HHII", 5000, 5000, 0, 0) + struct.pack("!BBHIIHHI", 1, 0, 20, 7, 1 << 17, 16, 16, 9)
    asked = record(e.nack(e.OUT_SSRC, 1000, 1001), socket=2, source=2) + record(
        e.pli(e.OUT_SSRC), socket=2, source=2
    )
    remb = bytes([0x8F, 206, 0, 5]) + bytes(8) + b"REMB" + bytes([1, 0x09, 0x24, 0xF8]) + bytes(4)
    return [
        bytes([LEARN]) + b"".join(record(data) for data in video) + asked,
        bytes([LEARN | APART])
        + b"".join(record(data) for data in video)
        + record(report, socket=1, source=1, steps=7),
        bytes([APART])
        + record(video[0])
        + record(report, socket=1, source=1)
        + record(remb, socket=2, source=2),
        bytes([LEARN | DATA]) + record(init) + record(b"\x13" * 40) + record(video[0], source=3),
        bytes([LEARN])
        + record(e.stun_request(b"u"))
        + record(bytes([22, 254, 253]) + bytes(20))
        + record(report),
        bytes([LEARN])
        + record(video[0], source=4)
        + record(video[0], source=3)
        + record(video[1])
        + record(report),
    ]


SEEDS = seeds()


def one_input(data: bytes) -> None:
    options = data[0] if data else 0
    call = p.PlainCall(
        EngineWindow(packet_slots=64, transports=8, producers=8, consumers=8),
        mux=not options & APART,
        data=bool(options & DATA),
        learn=bool(options & LEARN),
    )
    call.produce()
    call.consume()
    known = {p.OUT_SOCKET: p.RECEIVER}
    if not options & LEARN:
        call.engine.set_remote(e.SENDING, p.RTP_SOCKET, *p.SENDER)
        known[p.RTP_SOCKET] = p.SENDER
    data = data[1:]
    while len(data) >= 3:
        head, length = struct.unpack("!BH", data[:3])
        datagram, data = data[3 : 3 + length][:1900], data[3 + length :]
        call.pass_time((head & 7) * STEP_US)
        if datagram:
            call.send(datagram, SOURCES[(head >> 3 & 7) % len(SOURCES)], SOCKETS[(head >> 6) % len(SOCKETS)])
        for event in call.told(AddressLearned):
            assert options & LEARN, "an address was learned that was named"
            assert event.socket not in known, "an address was learned twice"
            assert event.host.startswith("10.0.0."), "a stranger was believed"
            known[event.socket] = (event.host, event.port)
        for socket, to, left in call.left():
            assert to == known[socket], "a packet left for an address that nobody named"
            if not e.is_rtcp(left):
                assert e.parse_rtp(left).ssrc in (e.OUT_SSRC, e.OUT_RTX_SSRC)
    call.close()
    call.pass_time(STEP_US)
    call.engine.events()
    assert call.engine.slots_in_use() == 0
    assert call.engine.timers_armed() == 0


TARGET = Target("own-sockets", SEEDS, lambda: one_input)
