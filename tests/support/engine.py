"""One engine with a sending and a receiving client around it, without sockets and in fake time."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pylibsrtp import Policy, Session

from mediad._fastpath.door.media_loop import MediaLoop
from tests.support import stun
from tests.windows.engine import EngineWindow
from tests.windows.tcp import TcpWindow

Told = TypeVar("Told")

GENERATION = 1 << 20
SENDER, RECEIVER = ("10.0.0.1", 1000), ("10.0.0.2", 2000)
SENDING, RECEIVING = GENERATION, GENERATION | 1  # transport handles
PRODUCER, CONSUMER = GENERATION, GENERATION
SSRC, RTX_SSRC = 0x11111111, 0x22222222
OUT_SSRC, OUT_RTX_SSRC = 0x33333333, 0x44444444
MID, RID, RRID, ABS_SEND_TIME, TRANSPORT_CC, AUDIO_LEVEL = range(6)  # ExtensionKind
IN_IDS = {MID: 4, RID: 10, RRID: 11, ABS_SEND_TIME: 2, TRANSPORT_CC: 3, AUDIO_LEVEL: 6}
OUT_IDS = {MID: 1, ABS_SEND_TIME: 4, TRANSPORT_CC: 5, AUDIO_LEVEL: 6}
OPUS, VP8 = 1, 2  # Codec
PASSWORD = b"password"
"""The password of all transports whose tests name no other."""
START_US = 1_000_000
CLIENT_KEY, SERVER_KEY = bytes(range(28)), bytes(range(100, 128))


def one_byte_extensions(values: dict[int, bytes]) -> bytes:
    """An RFC 8285 block; empty for no values."""
    if not values:
        return b""
    body = b"".join(bytes([id_ << 4 | len(value) - 1]) + value for id_, value in values.items())
    body += b"\0" * (-len(body) % 4)
    return struct.pack("!HH", 0xBEDE, len(body) // 4) + body


def rtp(
    sequence: int,
    timestamp: int,
    payload: bytes,
    *,
    ssrc: int = SSRC,
    payload_type: int = 96,
    marker: bool = True,
    extensions: dict[int, bytes] | None = None,
    padding: int = 0,
) -> bytes:
    block = one_byte_extensions(extensions or {})
    first = 0x80 | (0x10 if block else 0) | (0x20 if padding else 0)
    header = struct.pack(
        "!BBHII", first, marker << 7 | payload_type, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc
    )
    tail = b"\0" * (padding - 1) + bytes([padding]) if padding else b""
    return header + block + payload + tail


def vp8_payload(picture_id: int, *, keyframe: bool = False, tl0: int = 0, body: bytes = b"x" * 100) -> bytes:
    """The first packet of a frame: 15-bit picture id, TL0PICIDX, temporal layer 0."""
    descriptor = bytes([0x90, 0xE0, 0x80 | picture_id >> 8 & 0x7F, picture_id & 0xFF, tl0 & 0xFF, 0x00])
    head = b"\x00\x00\x00\x9d\x01\x2a\x40\x01\xf0\x00" if keyframe else b"\x01\x00\x00"
    return descriptor + head + body


def rtx(original: bytes, sequence: int, *, ssrc: int = RTX_SSRC, payload_type: int = 97) -> bytes:
    """RFC 4588: an extension-less original, sent again."""
    osn = original[2:4]
    header = original[:1] + bytes([original[1] & 0x80 | payload_type]) + struct.pack("!H", sequence)
    return header + original[4:8] + struct.pack("!I", ssrc) + osn + original[12:]


def stun_request(fragment: bytes, password: str = PASSWORD.decode()) -> bytes:
    """A Binding request to this username fragment of ours, signed with its password."""
    request = stun.message(1, [(stun.USERNAME, fragment + b":theirs")], b"t" * 12)
    return stun.with_integrity(request, password)


def nack(media_ssrc: int, *lost: int) -> bytes:
    items = b"".join(struct.pack("!HH", number, 0) for number in lost)
    return struct.pack("!BBHII", 0x81, 205, 2 + len(lost), 99, media_ssrc) + items


def pli(media_ssrc: int) -> bytes:
    return struct.pack("!BBHII", 0x81, 206, 2, 99, media_ssrc)


@dataclass(frozen=True, slots=True)
class Packet:
    """An RTP packet that left the engine, taken apart."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    extensions: dict[int, bytes]
    payload: bytes

    @property
    def picture_id(self) -> int:
        return (self.payload[2] & 0x7F) << 8 | self.payload[3]

    @property
    def tl0(self) -> int:
        return self.payload[4]


def parse_rtp(data: bytes) -> Packet:
    first, second, sequence, timestamp, ssrc = struct.unpack("!BBHII", data[:12])
    offset, extensions = 12 + 4 * (first & 15), {}
    if first & 0x10:
        profile, words = struct.unpack("!HH", data[offset : offset + 4])
        assert profile in (0xBEDE, 0x1000)
        block, offset = data[offset + 4 : offset + 4 + 4 * words], offset + 4 + 4 * words
        while block:
            if block[0] == 0:
                block = block[1:]
                continue
            if profile == 0xBEDE:
                number, length, start = block[0] >> 4, (block[0] & 15) + 1, 1
            else:
                number, length, start = block[0], block[1], 2
            extensions[number] = block[start : start + length]
            block = block[start + length :]
    assert not first & 0x20, "the engine never sends padding"
    return Packet(second & 0x7F, bool(second >> 7), sequence, timestamp, ssrc, extensions, data[offset:])


def is_rtcp(data: bytes) -> bool:
    return 192 <= data[1] < 224


def rtcp_blocks(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """(packet type, count or format, body) of each packet of a compound."""
    while data:
        length = 4 * (struct.unpack("!H", data[2:4])[0] + 1)
        yield data[1], data[0] & 31, data[4:length]
        data = data[length:]


def gcm_session(key: bytes, ssrc_type: int) -> Session:
    return Session(Policy(key=key, ssrc_type=ssrc_type, srtp_profile=Policy.SRTP_PROFILE_AEAD_AES_128_GCM))


def producer_parameters(
    *, encodings: list[tuple[int, int, bytes]] | None = None, **changes: Any
) -> dict[str, Any]:
    """Return the parameters of `Call.produce`."""
    parameters: dict[str, Any] = {
        "video": True,
        "mid": b"0",
        "paused": False,
        "codecs": [(96, 97, 101, VP8, 90000)],
        "encodings": encodings or [(SSRC, RTX_SSRC, b"")],
        "extensions": IN_IDS,
        "nack": True,
        "pli": True,
        "fir": False,
        "transport_cc": True,
        "remb": True,
        "inactivity_us": 0,
        "levels": False,
    }
    return parameters | changes


def consumer_parameters(**changes: Any) -> dict[str, Any]:
    """Return the parameters of `Call.consume`."""
    parameters: dict[str, Any] = {
        "video": True,
        "ssrc": OUT_SSRC,
        "rtx_ssrc": OUT_RTX_SSRC,
        "codecs": [(101, 102)],
        "clock_rate": 90000,
        "mid": b"7",
        "cname": b"cname",
        "extensions": OUT_IDS,
        "nack": True,
        "ignore_dtx": False,
        "paused": False,
        "target": 0,
        "first_sequence_number": 1000,
        "first_timestamp": 50_000,
        "first_rtx_sequence_number": 9,
    }
    return parameters | changes


@dataclass
class Stage:
    """Tracks opened on something that takes commands: an engine of the test's own, or a loop that runs."""

    engine: EngineWindow | MediaLoop | TcpWindow

    def produce(self, *, encodings: list[tuple[int, int, bytes]] | None = None, **changes: Any) -> None:
        """VP8 at 96 with RTX at 97, router payload type 101."""
        parameters = producer_parameters(encodings=encodings, **changes)
        self.engine.open_producer(PRODUCER, SENDING, **parameters)

    def produce_audio(self, **changes: Any) -> None:
        audio = {"video": False, "codecs": [(111, 0, 100, OPUS, 48000)], "pli": False, "levels": True}
        self.produce(**{**audio, **changes})

    def consume(self, handle: int = CONSUMER, transport: int = RECEIVING, **changes: Any) -> None:
        self.engine.open_consumer(handle, transport, PRODUCER, **consumer_parameters(**changes))

    def consume_audio(self, **changes: Any) -> None:
        audio = {"video": False, "codecs": [(100, 0)], "rtx_ssrc": 0, "clock_rate": 48000}
        self.consume(**{**audio, **changes})


@dataclass
class Call(Stage):
    """A sender and a receiver on one engine; `now_us` only moves when told."""

    engine: EngineWindow = field(default_factory=EngineWindow)
    now_us: int = START_US
    secure: bool = False

    def __post_init__(self) -> None:
        for handle, (host, port), fragment in (
            (SENDING, SENDER, b"sender-fragment"),
            (RECEIVING, RECEIVER, b"receiver-fragment"),
        ):
            self.engine.open_transport(
                handle, username_fragment=fragment, rtcp_ssrc=handle & 0xFF, secure=self.secure
            )
            self.engine.add_address(handle, 0, host, port)
            self.engine.select_address(handle, 0, host, port)

    def send(self, data: bytes, host_port: tuple[str, int] = SENDER) -> None:
        """One datagram of the sender's arrives now."""
        assert self.engine.receive(0, *host_port, data, self.now_us)

    def reply(self, data: bytes) -> None:
        """One datagram of the receiver's arrives now."""
        self.send(data, RECEIVER)

    def pass_time(self, us: int) -> None:
        """Let the engine do what is due on the way."""
        end = self.now_us + us
        while 0 < (deadline := self.engine.deadline()) <= end:
            self.now_us = max(self.now_us, deadline)
            self.engine.tick(self.now_us)
        self.now_us = end
        self.engine.tick(self.now_us)

    def left(self) -> list[tuple[tuple[str, int], bytes]]:
        return [((host, port), data) for _, host, port, data in self.engine.outbox()]

    def forwarded(self) -> list[Packet]:
        """RTP the receiver got since the last look; drops RTCP and what went to the sender."""
        return [parse_rtp(data) for to, data in self.left() if to == RECEIVER and not is_rtcp(data)]

    def rtcp_to(self, whom: tuple[str, int]) -> list[tuple[int, int, bytes]]:
        """RTCP blocks one client got since the last look."""
        return [
            block for to, data in self.left() if to == whom and is_rtcp(data) for block in rtcp_blocks(data)
        ]

    def drops(self) -> dict[str, int]:
        return {name: n for name, n in self.engine.counters().items() if name.startswith("drop_") and n}

    def told(self, kind: type[Told]) -> list[Told]:
        """Events of one kind since the last look; drops the others."""
        return [event for event in self.engine.events() if isinstance(event, kind)]

    def close(self) -> None:
        """Close all objects, in order; afterwards nothing may be left."""
        self.engine.close_consumer(CONSUMER)
        self.engine.close_producer(PRODUCER)
        self.engine.close_transport(SENDING)
        self.engine.close_transport(RECEIVING)


def feed(call: Call, numbers: range, *, lost: frozenset[int] = frozenset(), gap_us: int = 20_000) -> None:
    """VP8 packets of these numbers but the lost ones, one each `gap_us`, with their transport-cc number."""
    for number in numbers:
        if number not in lost:
            payload = vp8_payload(number, keyframe=number == numbers.start)
            call.send(rtp(number, number * 1800, payload, extensions={3: struct.pack("!H", number)}))
        call.pass_time(gap_us)
