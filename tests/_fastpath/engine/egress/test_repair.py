"""Repair: a repeat under an SSRC and number is what was sent before, however a sender begins anew."""

from __future__ import annotations

import random
import struct

import pytest

from tests.support import engine as e
from tests.windows.engine import EngineWindow

NAMED = {4: b"0", 10: b"hi"}
PLAYOUT_DELAY = 10  # ExtensionKind
VP8 = e.VP8


def datagrams(call: e.Call) -> list[bytes]:
    return [data for to, data in call.left() if to == e.RECEIVER and not e.is_rtcp(data)]


def sequence_of(data: bytes) -> int:
    return int.from_bytes(data[2:4])


def test_over_rtx_a_number_of_a_replaced_ssrc_brings_nothing() -> None:
    """The new SSRC counts from the same number: its packet stands where the asked for one stood."""
    call = e.Call()
    call.produce(encodings=[(0, 0, b"hi")])
    call.consume()
    for number, ssrc in ((500, 0xA1), (501, 0xA1), (500, 0xA2), (501, 0xA2)):
        if (number, ssrc) == (500, 0xA2):
            call.now_us += 150_000
        payload = e.vp8_payload(number, keyframe=number == 500, body=b"%x" % ssrc * 20)
        call.send(e.rtp(number, number, payload, ssrc=ssrc, extensions=NAMED))
    assert [packet.sequence for packet in call.forwarded()] == [1000, 1001, 1002, 1003]
    call.reply(e.nack(e.OUT_SSRC, 1001))
    assert call.forwarded() == []
    assert call.drops() == {"drop_rtx_gone": 1}
    call.reply(e.nack(e.OUT_SSRC, 1003))
    (again,) = call.forwarded()
    assert again.payload[:2] == (1003).to_bytes(2, "big")
    assert b"a2" * 20 in again.payload


def test_without_rtx_a_number_of_a_replaced_ssrc_brings_nothing() -> None:
    call = e.Call()
    call.produce_audio(encodings=[(0, 0, b"hi")])
    call.consume_audio()
    call.send(e.rtp(7, 0, b"A" * 40, ssrc=0xB1, payload_type=111, extensions=NAMED))
    call.now_us += 150_000
    call.send(e.rtp(7, 960, b"B" * 40, ssrc=0xB2, payload_type=111, extensions=NAMED))
    first = datagrams(call)
    call.reply(e.nack(e.OUT_SSRC, *map(sequence_of, first)))
    assert datagrams(call) == [first[1]]
    assert call.drops() == {"drop_rtx_gone": 1}


def test_a_consumer_that_was_away_is_not_told_other_bytes() -> None:
    """A consumer followed another encoding, or nothing, while this one's sender began anew."""
    call = e.Call()
    call.produce_audio(encodings=[(0, 0, b"hi")])
    call.consume_audio()
    call.send(e.rtp(7, 0, b"A" * 40, ssrc=0xB1, payload_type=111, extensions=NAMED))
    (first,) = datagrams(call)
    call.engine.pause_consumer(e.CONSUMER, True)
    call.now_us += 150_000
    call.send(e.rtp(7, 960, b"B" * 40, ssrc=0xB2, payload_type=111, extensions=NAMED))
    call.engine.pause_consumer(e.CONSUMER, False)
    call.reply(e.nack(e.OUT_SSRC, sequence_of(first)))
    assert datagrams(call) == []


def test_a_closed_producers_packets_are_gone() -> None:
    """A consumer may be asked for them in the moment before it is closed, too."""
    call = e.Call()
    call.produce_audio()
    call.consume_audio()
    call.send(e.rtp(7, 0, b"A" * 40, payload_type=111))
    (first,) = datagrams(call)
    call.engine.close_producer(e.PRODUCER)
    call.reply(e.nack(e.OUT_SSRC, sequence_of(first)))
    assert datagrams(call) == []
    assert call.drops() == {"drop_rtx_gone": 1}


def test_with_playout_delay_a_payload_type_without_rtx_is_repeated_as_it_was() -> None:
    """Two codecs, one without RTX; how long the lossy receiver is asked to wait changes meanwhile."""
    call = e.Call()
    call.produce(codecs=[(96, 97, 101, VP8, 90000), (98, 0, 103, VP8, 90000)])
    call.consume(codecs=[(101, 102), (103, 0)], extensions=e.OUT_IDS | {PLAYOUT_DELAY: 12})
    sent: dict[int, bytes] = {}
    asked: set[bytes | None] = set()
    last_sr = repeated = 0
    for number in range(400):
        payload = e.vp8_payload(number, keyframe=number == 0)
        call.send(e.rtp(number, number * 1800, payload, payload_type=98 if number % 2 else 96))
        call.pass_time(20_000)
        for data in (data for to, data in call.left() if to == e.RECEIVER):
            if not e.is_rtcp(data):
                sent[sequence_of(data)] = data
                asked.add(e.parse_rtp(data).extensions.get(12))
            for kind, _, body in e.rtcp_blocks(data) if e.is_rtcp(data) else ():
                last_sr = struct.unpack_from("!I", body, 6)[0] if kind == 200 else last_sr
        if number % 50 == 49:
            call.reply(struct.pack("!BBHIIIIIII", 0x81, 201, 7, 99, e.OUT_SSRC, 26 << 24, 0, 0, last_sr, 0))
        if number % 4 == 3 and number > 30:
            call.reply(e.nack(e.OUT_SSRC, 1000 + number - 20))
            assert datagrams(call) == [sent[1000 + number - 20]]
            repeated += 1
    assert len(asked) > 1, "it was asked to wait"
    assert repeated > 50


def vp8(picture: int, temporal: int, *, key: bool, sync: bool, number: int, bits: int) -> bytes:
    picture_id = (
        bytes([0x80 | picture >> 8 & 0x7F, picture & 0xFF]) if bits == 15 else bytes([picture & 0x7F])
    )
    descriptor = b"\x90\xe0" + picture_id + bytes([number & 0xFF, temporal << 6 | sync << 5])
    return descriptor + (b"\x00" if key else b"\x01") + number.to_bytes(4, "big") + b"y" * 20


class Sender:
    """Three encodings that do whatever a sender may, and more: jump, change their SSRC, go back."""

    def __init__(self, call: e.Call, chance: random.Random) -> None:
        self.call, self.chance = call, chance
        self.rids = (b"a", b"b", b"c")
        self.ssrcs = [0x100, 0x200, 0x300]
        self.numbers = [chance.randrange(65536) for _ in range(3)]
        self.pictures = [chance.randrange(32768) for _ in range(3)]
        self.timestamps = [chance.randrange(2**32) for _ in range(3)]
        self.bits = [chance.choice((7, 15)) for _ in range(3)]
        self.late: list[bytes] = []
        self.sent = 0

    def send(self) -> None:
        chance, i = self.chance, self.chance.randrange(3)
        for _ in range(chance.choice((1, 1, 2, 5))):
            self.sent += 1
            key = chance.random() < 0.05
            self.numbers[i] += 1
            if chance.random() < 0.3:
                self.pictures[i] += 1
                self.timestamps[i] += 3000
            payload = vp8(
                self.pictures[i] & (1 << self.bits[i]) - 1,
                0 if key else chance.choice((0, 0, 1, 2)),
                key=key,
                sync=chance.random() < 0.2,
                number=self.sent,
                bits=self.bits[i],
            )
            data = e.rtp(
                self.numbers[i],
                self.timestamps[i],
                payload,
                ssrc=self.ssrcs[i],
                payload_type=chance.choice((96, 96, 98)),
                extensions={4: b"0", 10: self.rids[i]},
                marker=chance.random() < 0.4,
                padding=chance.choice((0, 0, 0, 8)),
            )
            if chance.random() < 0.05:
                self.late.append(data)
            else:
                self.call.send(data)
        if self.late and chance.random() < 0.3:
            self.call.send(self.late.pop(chance.randrange(len(self.late))))

    def jump(self) -> None:
        self.numbers[self.chance.randrange(3)] += self.chance.choice(
            (3, 100, 2000, 5000, 40_000, -3000, 65_500)
        )

    def begin_anew(self) -> None:
        """Begin anew under another SSRC, sometimes the one before, often from a number used already."""
        i = self.chance.randrange(3)
        self.ssrcs[i] += self.chance.choice((16, 16, -16))
        self.numbers[i] -= self.chance.choice((0, 1, 5, 50))
        self.call.pass_time(self.chance.choice((0, 120_000, 120_000)))


class Receiver:
    """Remembers the bytes under every number, and what RTX says of them."""

    def __init__(self) -> None:
        self.highest: int | None = None
        self.seen: dict[int, bytes] = {}
        self.repeats = 0

    def receive(self, data: bytes) -> None:
        packet = e.parse_rtp(data)
        if packet.ssrc == e.OUT_RTX_SSRC:
            number = self.unwrap(int.from_bytes(packet.payload[:2], "big"))
            assert e.parse_rtp(self.seen[number]).payload == packet.payload[2:], (
                f"RTX of {number} is another packet"
            )
            self.repeats += 1
            return
        number = self.unwrap(packet.sequence)
        if number in self.seen:
            assert self.seen[number] == data, f"{number} left twice with different bytes"
            self.repeats += 1
        self.seen[number] = data

    def unwrap(self, number: int) -> int:
        if self.highest is None:
            self.highest = number + 65536
        near = self.highest + (number - self.highest + 32768) % 65536 - 32768
        self.highest = max(self.highest, near)
        return near

    def some(self, chance: random.Random) -> list[int]:
        recent = sorted(self.seen)[-chance.choice((20, 20, 400)) :]
        return [chance.choice(recent) & 0xFFFF for _ in range(chance.randrange(1, 10))] if recent else []


@pytest.mark.parametrize("rtx", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_never_two_packets_under_one_number(seed: int, rtx: bool) -> None:
    chance = random.Random(seed)
    call = e.Call(EngineWindow(packet_slots=chance.choice((128, 8192))))
    call.produce(
        encodings=[(0, 0, b"a"), (0, 0, b"b"), (0, 0, b"c")],
        codecs=[(96, 97, 101, VP8, 90000), (98, 0, 103, VP8, 90000)],
    )
    call.consume(
        rtx_ssrc=e.OUT_RTX_SSRC if rtx else 0,
        codecs=[(101, 102 if rtx else 0), (103, 0)],
        extensions=e.OUT_IDS | {PLAYOUT_DELAY: 9},
    )
    sender, receiver = Sender(call, chance), Receiver()
    for _ in range(3000):
        call.now_us += chance.choice((0, 1000, 5000, 20_000))
        call.engine.at(call.now_us)
        what = chance.random()
        if what < 0.78:
            sender.send()
        elif what < 0.81:
            call.engine.set_target(
                e.CONSUMER, chance.choice((-1, 0, 0, 1, 1, 2, 2)), chance.choice((0, 1, 2, 255))
            )
        elif what < 0.83:
            call.engine.pause_consumer(e.CONSUMER, chance.random() < 0.2)
        elif what < 0.84:
            call.engine.pause_producer(e.PRODUCER, chance.random() < 0.2)
        elif what < 0.86:
            sender.jump()
        elif what < 0.87:
            sender.begin_anew()
        elif numbers := receiver.some(chance):
            call.reply(e.nack(e.OUT_SSRC, *numbers))
        call.pass_time(chance.choice((0, 0, 0, 0, 0, 0, 0, 300_000)))
        for data in datagrams(call):
            receiver.receive(data)
    assert receiver.repeats > 20
    assert len(receiver.seen) > 200
