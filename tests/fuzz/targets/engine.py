"""A whole call on one engine: datagrams of a sender and a receiver, with time between them.

An input is a row of records: who sends and after what time (one byte), length (two), the datagram.
A record without a datagram puts its client behind an emulated network, or changes that network.
Nothing is encrypted, so that mutations reach everything behind authentication; a real peer can send it all.
"""

from __future__ import annotations

import struct

from tests.fuzz.target import Target
from tests.support import engine as e
from tests.windows.engine import EngineWindow

FROM_RECEIVER = 0x80
STEP_US = 10_000
PROBATOR = 1234
MID_RID = {4: b"0", 10: b"low"}


def record(data: bytes, *, who: int = 0, steps: int = 1) -> bytes:
    return struct.pack("!BH", who | steps, len(data)) + data


def seeds() -> list[bytes]:
    video = [e.rtp(n, 3000 * n, e.vp8_payload(n, keyframe=n == 0, tl0=n)) for n in range(6)]
    learned = [
        e.rtp(n, 3000 * n, e.vp8_payload(n, keyframe=n == 0), ssrc=77, extensions=MID_RID) for n in range(3)
    ]
    report = struct.pack("!BBHIQIII", 0x80, 200, 6, e.SSRC, 1 << 60, 9000, 5, 500)
    bye = struct.pack("!BBHI", 0x81, 203, 1, e.SSRC)
    feedback = struct.pack("!BBHIIHHBBBBHBB", 0x8F, 205, 5, 99, e.OUT_SSRC, 0, 2, 0, 0, 9, 0, 0x2002, 40, 80)
    remb = bytes([0x8F, 206, 0, 5]) + bytes(8) + b"REMB" + bytes([1, 0x09, 0x24, 0xF8]) + bytes(4)
    reference = struct.pack("!BBHIBBHQ", 0x80, 207, 4, 99, 4, 0, 2, 1 << 60)
    return [
        b"".join(record(data) for data in video),
        b"".join(record(data) for data in (video[0], video[2], e.rtx(video[1], 5), video[1], video[5])),
        b"".join(record(data) for data in learned),
        record(video[0])
        + record(video[1])
        + record(e.nack(e.OUT_SSRC, 1000, 1001), who=FROM_RECEIVER)
        + record(e.pli(e.OUT_SSRC), who=FROM_RECEIVER)
        + record(reference, who=FROM_RECEIVER, steps=100),
        b"".join(record(data) for data in video[:2])
        + record(feedback, who=FROM_RECEIVER, steps=10)
        + record(video[2])
        + record(feedback[:13] + bytes([1]) + feedback[14:], who=FROM_RECEIVER, steps=110),
        record(video[0]) + record(remb, who=FROM_RECEIVER) + b"".join(record(data) for data in video[1:]),
        record(video[0]) + record(report, steps=120) + record(video[1]) + record(bye) + record(video[2]),
        record(e.stun_request(b"sender-fragment")) + record(bytes([22, 254, 253]) + bytes(20)),
        record(b"", steps=7)
        + record(b"", who=FROM_RECEIVER, steps=11)
        + b"".join(record(data) for data in video[:3])
        + record(b"", steps=0)
        + record(video[3]),
    ]


SEEDS = seeds()


def throttle(call: e.Call, transport: int, choice: int) -> None:
    """Emulate one of some networks, the same in both directions; 0 is none."""
    if choice == 0:
        call.engine.unthrottle_transport(transport)
    else:
        link = (choice % 4 * 100_000, choice % 3 * 50_000, choice % 5 * 200_000)
        call.engine.throttle_transport(transport, uplink=link, downlink=link)


def one_input(data: bytes) -> None:
    call = e.Call(EngineWindow(packet_slots=64, transports=8, producers=8, consumers=8))
    call.produce(encodings=[(e.SSRC, e.RTX_SSRC, b""), (0, 0, b"low")])
    call.consume()
    call.engine.set_desired_bitrate(e.RECEIVING, 2_000_000)
    while len(data) >= 3:
        head, length = struct.unpack("!BH", data[:3])
        datagram, data = data[3 : 3 + length][:1900], data[3 + length :]
        call.pass_time((head & ~FROM_RECEIVER) * STEP_US)
        if datagram:
            call.send(datagram, e.RECEIVER if head & FROM_RECEIVER else e.SENDER)
        else:
            throttle(call, e.RECEIVING if head & FROM_RECEIVER else e.SENDING, head & ~FROM_RECEIVER)
        for _, left in call.left():
            if e.is_rtcp(left):
                assert sum(4 + len(body) for _, _, body in e.rtcp_blocks(left)) == len(left)
            else:
                assert e.parse_rtp(left).ssrc in (e.OUT_SSRC, e.OUT_RTX_SSRC, PROBATOR)
    call.close()
    call.pass_time(STEP_US)
    call.engine.events()
    assert call.engine.slots_in_use() == 0
    assert call.engine.timers_armed() == 0


TARGET = Target("engine", SEEDS, lambda: one_input)
