"""A client that sends a camera in layers and a microphone through its own uplink, and does as it is asked."""

from __future__ import annotations

import struct
from collections.abc import Callable

from tests.simulation import rtcp
from tests.simulation.clock import SimulatedClock
from tests.simulation.hop import Hop
from tests.simulation.video_sender import TRUTH, EncodingPlan, ExtensionIds, VideoEncoding
from tests.support.engine import rtcp_blocks
from tests.support.link import Link

FRAME_PERIOD_US = 33_333
OPUS_PERIOD_US = 20_000
OPUS_BYTES = 100  # 40 kbit/s
REPORT_US = 1_000_000


def extension_block(values: dict[int, bytes]) -> bytes:
    """RFC 8285: one-byte headers, or two-byte ones where a value needs them."""
    if all(0 < len(value) <= 16 for value in values.values()):
        profile = 0xBEDE
        body = b"".join(bytes([id_ << 4 | len(value) - 1]) + value for id_, value in values.items())
    else:
        profile = 0x1000
        body = b"".join(bytes([id_, len(value)]) + value for id_, value in values.items())
    body += b"\0" * (-len(body) % 4)
    return struct.pack("!HH", profile, len(body) // 4) + body


class OpusSender:
    """A frame every 20 ms. A repeat is the packet itself, as there is no RTX."""

    def __init__(
        self, ssrc: int, mid: bytes, ids: ExtensionIds, leave: Callable[[bytes, dict[int, bytes]], object]
    ) -> None:
        self.ssrc = ssrc
        self.active = True
        self.frames = 0
        self._mid, self._ids, self._leave = mid, ids, leave
        self._history: dict[int, bytes] = {}

    def encode(self) -> None:
        sequence = 5000 + self.frames & 0xFFFF
        header = struct.pack("!BBHII", 0x80, 111, sequence, self.frames * 960 & 0xFFFFFFFF, self.ssrc)
        self._history[sequence] = header + struct.pack("!I", self.frames) + bytes(OPUS_BYTES - 4)
        self._history.pop(sequence - 100 & 0xFFFF, None)
        self.frames += 1
        self.repeat(sequence)

    def repeat(self, sequence: int) -> None:
        if kept := self._history.get(sequence):
            self._leave(kept, {self._ids.mid: self._mid})

    def report(self, now_us: int) -> bytes:
        return rtcp.sender_report(self.ssrc, now_us, self.frames * 960, self.frames, self.frames * OPUS_BYTES)


class SendingClient:
    """`up` and `down` are its links; what arrives at the end of `up` is given to `arrived`."""

    def __init__(
        self, clock: SimulatedClock, up: Link, down: Link, arrived: Callable[[bytes], object], truth: TRUTH
    ) -> None:
        self.video: list[VideoEncoding] = []
        self.audio: OpusSender | None = None
        self.tap: Callable[[bytes], object] = lambda data: None  # sees what is sent
        self._clock = clock
        self._truth = truth
        self._up = Hop(clock, up, arrived)
        self._down = Hop(clock, down, self._receive)
        self._transport_cc_id = 0
        self._transport_cc = 0
        self._reference: tuple[int, int, int] | None = None  # whose, its time, when it came

    @property
    def down_delay_us(self) -> int:
        return self._down.link.delay_us

    def deliver(self, data: bytes) -> None:
        """The server sends a datagram."""
        self._down.send(data)

    def start_video(
        self,
        plans: list[EncodingPlan],
        mid: bytes,
        rids: list[bytes],
        ids: ExtensionIds,
        first_ssrc: int,
        first_index: int,
        *,
        period_us: int = FRAME_PERIOD_US,
    ) -> None:
        self._transport_cc_id = ids.transport_cc
        fps = round(1_000_000 / period_us)
        for index, (plan, rid) in enumerate(zip(plans, rids, strict=True)):
            number, ssrc = first_index + index, first_ssrc + index
            self.video.append(VideoEncoding(plan, number, ssrc, mid, rid, ids, fps, self._truth, self._leave))
        self._clock.every(period_us, self._encode)
        self._clock.every(REPORT_US, self._report, first_us=REPORT_US // 10)

    def start_audio(self, mid: bytes, ids: ExtensionIds, ssrc: int) -> None:
        self.audio = OpusSender(ssrc, mid, ids, self._leave)
        self._clock.every(OPUS_PERIOD_US, self.audio.encode)

    @property
    def _streams(self) -> list[VideoEncoding | OpusSender]:
        return [*self.video, *([self.audio] if self.audio else [])]

    def send_up_to(self, encoding: int) -> None:
        """The server says that nobody receives those above it."""
        for index, stream in enumerate(self.video):
            stream.active = index <= encoding

    def _encode(self) -> None:
        for encoding in self.video:
            encoding.encode(self._clock.now_us)

    def _leave(self, packet: bytes, extensions: dict[int, bytes]) -> None:
        number = struct.pack("!H", self._transport_cc & 0xFFFF)
        self._transport_cc += 1
        block = extension_block(extensions | {self._transport_cc_id: number})
        self._send(bytes([packet[0] | 0x10]) + packet[1:12] + block + packet[12:])

    def _send(self, data: bytes) -> None:
        self.tap(data)
        self._up.send(data)

    def _report(self) -> None:
        now_us = self._clock.now_us
        compound = b"".join(stream.report(now_us) for stream in self._streams if stream.active)
        if self._reference is not None and compound:
            whose, reference, came_us = self._reference
            delay = (now_us - came_us << 16) // 1_000_000
            compound += rtcp.reference_answer(self._streams[0].ssrc, whose, reference, delay)
            self._reference = None
        if compound:
            self._send(compound)

    def _receive(self, data: bytes) -> None:
        for kind, form, body in rtcp_blocks(data):
            if kind == rtcp.XR:
                for reference in rtcp.reference_times(body):
                    self._reference = int.from_bytes(body[:4], "big"), reference, self._clock.now_us
            elif (kind, form) == (rtcp.RTPFB, rtcp.NACK):
                self._repeat(int.from_bytes(body[4:8], "big"), list(rtcp.nacked(body)))
            elif (kind, form) == (rtcp.PSFB, rtcp.PLI):
                self._asked(int.from_bytes(body[4:8], "big"))

    def _repeat(self, ssrc: int, numbers: list[int]) -> None:
        for stream in self._streams:
            if stream.ssrc == ssrc:
                for number in numbers:
                    stream.repeat(number)

    def _asked(self, ssrc: int) -> None:
        for encoding in self.video:
            if encoding.ssrc == ssrc:
                encoding.keyframe_due = True
                encoding.asked.append(self._clock.now_us)
