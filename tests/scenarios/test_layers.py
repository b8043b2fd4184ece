"""A receiver of a layered stream, whose layers are chosen anew again and again: it can decode all it gets,
nothing is missing in its numbers, and it ends with the layers that were asked for."""

from __future__ import annotations

import random
import struct
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from mediad._fastpath.door.events import LayersChanged
from tests.support import engine as e
from tests.support.layered import (
    CODEC_NUMBERS,
    DESCRIPTOR_ID,
    TICKS,
    Codec,
    Frame,
    LayeredSource,
    rtp_packets,
)

FRAME_US = 33_333
DEPENDENCY_DESCRIPTOR = 6
OUT_DESCRIPTOR_ID = 7
LAYERS_EVENT = 6
SWITCHES = 100
KEYFRAME_DELAY_PICTURES = 3


@dataclass
class Receiver:
    """Puts pictures together again and says what could be decoded."""

    source: LayeredSource
    sent: dict[tuple[int, int], Frame] = field(default_factory=dict)
    packets: list[tuple[Frame, e.Packet]] = field(default_factory=list)

    def identify(self, packet: e.Packet) -> Frame:
        """Return the frame by the tag at the payload's end."""
        picture, spatial = struct.unpack("!IB", packet.payload[-5:])
        return self.sent[picture, spatial]

    def take(self, packets: list[e.Packet]) -> None:
        self.packets += [(self.identify(packet), packet) for packet in packets]

    def decode(self) -> tuple[set[tuple[int, int]], list[Frame]]:
        """(picture, spatial layer) of the frames that could be decoded, and the frames that could not."""
        counts = Counter((frame.picture, frame.spatial) for frame, _ in self.packets)
        decoded: set[tuple[int, int]] = set()
        undecodable = []
        for key in sorted(counts):
            frame = self.sent[key]
            if counts[key] == len(frame.packets) and frame.needs <= decoded:
                decoded.add(key)
            else:
                undecodable.append(frame)
        return decoded, undecodable


class Stage:
    """One sender, one receiver, and a key frame a few pictures behind each request for one."""

    def __init__(self, source: LayeredSource, chance: random.Random | None = None) -> None:
        """Prepare a run; with `chance` one packet in five comes up to four packets late."""
        self.chance = chance
        self.held: list[tuple[int, bytes]] = []  # until so many packets were sent
        self.call = e.Call()
        self.source = source
        self.receiver = Receiver(source)
        self.sequence = 65_400
        self.keyframe_due: int | None = None
        self.layers: tuple[int, int, int] | None = None  # encoding, temporal, spatial as the last event told
        self.call.produce(
            codecs=[(96, 97, 101, CODEC_NUMBERS[source.codec], 90000)],
            extensions={**e.IN_IDS, DEPENDENCY_DESCRIPTOR: DESCRIPTOR_ID},
        )
        self.call.consume(extensions={**e.OUT_IDS, DEPENDENCY_DESCRIPTOR: OUT_DESCRIPTOR_ID})

    def play(self, count: int = 1) -> list[list[e.Packet]]:
        """Return the packets that the receiver gets of the next pictures."""
        return [self._picture() for _ in range(count)]

    def _picture(self) -> list[e.Packet]:
        keyframe = self.keyframe_due is not None and self.source.picture >= self.keyframe_due
        if keyframe:
            self.keyframe_due = None
        frames = self.source.next(keyframe=keyframe)
        for frame in frames:
            self.receiver.sent[frame.picture, frame.spatial] = frame
        for frame, payload, described, marker in rtp_packets(frames):
            extensions = {DESCRIPTOR_ID: described} if 0 < len(described) <= 16 else {}
            self._send(self._rtp(payload, frame.picture * TICKS, marker, described, extensions))
        self.call.pass_time(FRAME_US)
        received = []
        for to, data in self.call.left():
            if to == e.RECEIVER and not e.is_rtcp(data):
                received.append(e.parse_rtp(data))
            elif self.keyframe_due is None and any(block[:2] == (206, 1) for block in e.rtcp_blocks(data)):
                self.keyframe_due = self.source.picture + KEYFRAME_DELAY_PICTURES
        for event in self.call.told(LayersChanged):
            self.layers = event.encoding, event.temporal_layer, event.spatial_layer
        self.receiver.take(received)
        return received

    def _send(self, data: bytes) -> None:
        if self.chance and self.chance.random() < 0.2:
            self.held.append((self.sequence + self.chance.randrange(1, 5), data))
            return
        self.call.send(data)
        for late in [late for late in self.held if late[0] <= self.sequence]:
            self.held.remove(late)
            self.call.send(late[1])

    def _rtp(
        self, payload: bytes, timestamp: int, marker: bool, described: bytes, extensions: dict[int, bytes]
    ) -> bytes:
        """A structure does not fit a one-byte extension: then the two-byte form carries it."""
        data = e.rtp(self.sequence, timestamp, payload, marker=marker, extensions=extensions)
        if len(described) > 16:
            body = bytes([DESCRIPTOR_ID, len(described)]) + described
            body += b"\0" * (-len(body) % 4)
            block = struct.pack("!HH", 0x1000, len(body) // 4) + body
            data = bytes([data[0] | 0x10]) + data[1:12] + block + data[12:]
        self.sequence += 1
        return data

    def choose(self, spatial: int, temporal: int) -> None:
        self.call.engine.set_target(e.CONSUMER, 0, temporal, spatial)

    def layers_of(self, pictures: list[list[e.Packet]]) -> tuple[int, int]:
        """The highest spatial and temporal layers among these pictures."""
        frames = [self.receiver.identify(packet) for picture in pictures for packet in picture]
        return max(f.spatial for f in frames), max(f.temporal for f in frames)


SOURCES = {
    "vp8": lambda: LayeredSource("vp8"),
    "vp8_long": lambda: LayeredSource("vp8", long_pattern=True),
    "vp8_l1t2": lambda: LayeredSource("vp8", temporal_layers=2),
    "h264": lambda: LayeredSource("h264"),
    "vp9": lambda: LayeredSource("vp9", spatial_layers=3),
    "vp9_key": lambda: LayeredSource("vp9_key", spatial_layers=3),
    "vp9_l1t3": lambda: LayeredSource("vp9"),
    "av1": lambda: LayeredSource("av1", spatial_layers=3),
    "av1_key": lambda: LayeredSource("av1_key", spatial_layers=3),
    "av1_l1t3": lambda: LayeredSource("av1"),
    "av1_l2t1": lambda: LayeredSource("av1", spatial_layers=2, temporal_layers=1),
}


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_hundred_switches(name: str, seed: int) -> None:
    chance = random.Random(f"{name} {seed}")
    source = SOURCES[name]()
    stage = Stage(source)
    stage.play(8)
    for _ in range(SWITCHES):
        spatial = chance.randrange(source.spatial_layers)
        temporal = chance.randrange(source.temporal_layers)
        stage.choose(spatial, temporal)
        stage.play(chance.randrange(1, 6))  # and sometimes the next wish comes before this one is met
        if chance.random() < 0.5:
            stage.play(50)
            assert stage.layers_of(stage.play(8)) == (spatial, temporal)
            assert stage.layers == (0, temporal, spatial)
    check_what_was_received(stage)
    stage.call.close()
    assert stage.call.engine.slots_in_use() == 0


def check_what_was_received(stage: Stage) -> None:
    receiver = stage.receiver
    assert receiver.decode()[1] == []
    packets = [packet for _, packet in receiver.packets]
    assert {(b.sequence - a.sequence) % 65536 for a, b in pairwise(packets)} == {1}
    base_time, base_picture = packets[0].timestamp, receiver.packets[0][0].picture
    for frame, packet in receiver.packets:
        assert (packet.timestamp - base_time) % 2**32 == (frame.picture - base_picture) * TICKS
    for (frame, packet), (after, _) in pairwise(receiver.packets):
        assert packet.marker == (after.picture != frame.picture)
    if stage.source.codec == "vp8":
        check_vp8_counters(receiver)
    check_descriptors(receiver)


def check_vp8_counters(receiver: Receiver) -> None:
    """Picture ids count pictures as they are received; TL0PICIDX the base layer's."""
    for (frame, packet), (after, following) in pairwise(receiver.packets):
        step = after.picture != frame.picture
        assert (following.picture_id - packet.picture_id) % 32768 == step
        assert (following.tl0 - packet.tl0) % 256 == (step and after.temporal == 0)


def check_descriptors(receiver: Receiver) -> None:
    """Each packet brings its own, as it was sent: the frames it needs are named by their distance."""
    for frame, packet in receiver.packets:
        described = packet.extensions.get(OUT_DESCRIPTOR_ID, b"")
        assert described in frame.descriptors
        assert (described == b"") == (receiver.source.codec.startswith("vp"))


@pytest.mark.parametrize("name", SOURCES)
def test_everything_is_forwarded_at_first(name: str) -> None:
    source = SOURCES[name]()
    stage = Stage(source)
    pictures = stage.play(16)
    assert stage.layers_of(pictures) == (source.spatial_layers - 1, source.temporal_layers - 1)
    check_what_was_received(stage)


def test_k_svc_does_not_send_what_nobody_needs() -> None:
    """K-SVC leaves out the lower spatial layers between key pictures."""
    for codec in ("vp9_key", "av1_key"):
        stage = Stage(LayeredSource(codec, spatial_layers=3))
        pictures = stage.play(9)
        seen = [{stage.receiver.identify(packet).spatial for packet in picture} for picture in pictures]
        assert seen == [{0, 1, 2}] + [{2}] * 8


@pytest.mark.parametrize("codec", ["vp9", "av1"])
def test_full_svc_goes_down_at_once_without_a_key_frame(codec: Codec) -> None:
    stage = Stage(LayeredSource(codec, spatial_layers=3))
    stage.play(6)
    stage.choose(0, 2)
    assert stage.layers_of(stage.play(8)) == (0, 2)
    assert stage.keyframe_due is None
    stage.choose(2, 2)
    assert stage.keyframe_due is None
    stage.play(1)
    assert stage.keyframe_due is not None


@pytest.mark.parametrize("codec", ["vp9_key", "av1_key"])
def test_k_svc_asks_for_a_key_frame_to_go_down(codec: Codec) -> None:
    stage = Stage(LayeredSource(codec, spatial_layers=3))
    stage.play(40)
    stage.choose(1, 2)
    stage.play(1)
    assert stage.keyframe_due is not None
    assert stage.layers_of(stage.play(2)) == (2, 2)
    stage.play(6)
    assert stage.layers_of(stage.play(6)) == (1, 2)


@pytest.mark.parametrize("codec", ["vp9_key", "av1_key"])
def test_k_svc_falls_back_to_the_layers_that_are_sent(codec: Codec) -> None:
    """A sender that stops its upper layers starts anew with a key frame."""
    stage = Stage(LayeredSource(codec, spatial_layers=3))
    stage.play(6)
    stage.source.active_spatial = 2
    stage.keyframe_due = 0
    stage.play(2)
    assert stage.layers_of(stage.play(4)) == (1, 2)
    assert stage.layers is not None
    assert stage.layers[::2] == (0, 1)
    check_what_was_received(stage)


@pytest.mark.parametrize("name", SOURCES)
def test_retransmissions_keep_the_marker_they_were_sent_with(name: str) -> None:
    source = SOURCES[name]()
    stage = Stage(source)
    stage.choose(0, 0)
    stage.play(30)
    first = {packet.sequence: packet for _, packet in stage.receiver.packets}
    stage.call.reply(e.nack(e.OUT_SSRC, *list(first)[-8:]))
    again = stage.call.forwarded()
    assert len(again) == 8
    for packet in again:
        original = first[int.from_bytes(packet.payload[:2], "big")]
        assert (packet.marker, packet.payload[2:]) == (original.marker, original.payload)


@pytest.mark.parametrize("name", SOURCES)
def test_packets_out_of_order(name: str) -> None:
    """All packets of the wanted layers come, and no number is missing: a late one still has its place."""
    chance = random.Random(name)
    for _ in range(3):
        source = SOURCES[name]()
        spatial, temporal = chance.randrange(source.spatial_layers), chance.randrange(source.temporal_layers)
        stage = Stage(source, chance)
        stage.choose(spatial, temporal)
        stage.play(120)
        receiver = stage.receiver
        decoded, _ = receiver.decode()
        first = receiver.packets[0][0].picture
        wanted = {
            key
            for key, frame in receiver.sent.items()
            if first <= frame.picture < 115 and frame.spatial == spatial and frame.temporal <= temporal
        }
        assert wanted
        assert wanted <= decoded
        start = receiver.packets[0][1].sequence
        numbers = sorted((packet.sequence - start) % 65536 for _, packet in receiver.packets)
        assert numbers[:-5] == list(range(len(numbers) - 5))


def test_temporal_layers_of_simulcast() -> None:
    """A target names an encoding and its temporal layers; the way there never shows a broken picture."""
    chance = random.Random(9)
    call = e.Call()
    sources = [LayeredSource("vp8"), LayeredSource("vp8", long_pattern=True)]
    call.produce(encodings=[(e.SSRC + i, e.RTX_SSRC + i, b"") for i in range(2)])
    call.consume()
    sequences = [0, 1000]
    packets: list[tuple[int, Frame, e.Packet]] = []
    keyframes_due = [0, 0]
    target = (0, 2)
    for picture in range(3000):
        if picture % 60 == 0:
            if picture:
                assert {encoding for encoding, _, _ in packets[-10:]} == {target[0]}
                assert max(frame.temporal for _, frame, _ in packets[-10:]) == target[1]
            target = (chance.randrange(2), chance.randrange(3))
            call.engine.set_target(e.CONSUMER, *target)
        for encoding, source in enumerate(sources):
            due = 0 < keyframes_due[encoding] <= picture
            keyframes_due[encoding] = 0 if due else keyframes_due[encoding]
            (frame,) = source.next(keyframe=due)
            for number, payload in enumerate(frame.packets):
                marker = number == len(frame.packets) - 1
                sequences[encoding] += 1
                data = e.rtp(
                    sequences[encoding], picture * TICKS, payload, ssrc=e.SSRC + encoding, marker=marker
                )
                call.send(data)
                for to, left in call.left():
                    if to == e.RECEIVER and not e.is_rtcp(left):
                        packets.append((encoding, frame, e.parse_rtp(left)))
                    elif to == e.SENDER:
                        for kind, form, body in e.rtcp_blocks(left):
                            if (kind, form) == (206, 1):
                                asked = int.from_bytes(body[4:8], "big") - e.SSRC
                                keyframes_due[asked] = keyframes_due[asked] or picture + 3
        call.pass_time(FRAME_US)
    assert {(b.sequence - a.sequence) % 65536 for (_, _, a), (_, _, b) in pairwise(packets)} == {1}
    for (_, _, before), (_, after, packet) in pairwise(packets):
        step = (packet.picture_id - before.picture_id) % 32768
        assert step == (packet.timestamp != before.timestamp)
        assert (packet.tl0 - before.tl0) % 256 == (step and after.temporal == 0)


def test_an_encoding_left_for_a_lower_one_is_thinned_out() -> None:
    """Frames are left out until the lower one's key frame is there, or until the switch is given up."""
    call = e.Call()
    sources = [LayeredSource("vp8"), LayeredSource("vp8")]
    call.produce(encodings=[(e.SSRC + i, e.RTX_SSRC + i, b"") for i in range(2)])
    call.consume(target=1)
    sequences = [0, 1000]

    def forwarded(first: int, pictures: int) -> set[tuple[int, int]]:
        """(encoding, temporal layer) of what is sent on; nobody answers key frame requests."""
        got = set()
        for picture in range(first, first + pictures):
            for encoding, source in enumerate(sources):
                (frame,) = source.next(keyframe=picture == 0)
                for payload in frame.packets:
                    sequences[encoding] += 1
                    call.send(
                        e.rtp(
                            sequences[encoding],
                            picture * TICKS,
                            payload,
                            ssrc=e.SSRC + encoding,
                            marker=False,
                        )
                    )
                    got |= {(encoding, frame.temporal) for _ in call.forwarded()}
            call.pass_time(FRAME_US)
        return got

    assert forwarded(0, 100) == {(1, 0), (1, 1), (1, 2)}
    call.engine.set_target(e.CONSUMER, 0, 2)
    assert forwarded(100, 40) == {(1, 0)}
    call.engine.set_target(e.CONSUMER, 1, 2)
    assert forwarded(140, 40) == {(1, 0), (1, 1), (1, 2)}
