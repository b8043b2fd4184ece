"""A receiving client behind links: it records what reaches it and answers with transport-cc feedback."""

from __future__ import annotations

from dataclasses import dataclass, field

from mediad._fastpath.stream._probe_stream import Twcc
from tests.support.engine import (
    OUT_IDS,
    RECEIVER,
    RECEIVING,
    TRANSPORT_CC,
    Call,
    Packet,
    is_rtcp,
    parse_rtp,
    rtp,
    vp8_payload,
)
from tests.support.link import Link

MS = 1000
SECOND = 1_000_000
ESTIMATE = 9  # EventKind
FEEDBACK_US = 100 * MS
PROBATOR = 1234


@dataclass
class Narrow:
    """A VP8 call whose receiver sits behind `forward` and `back`; steps of a millisecond.

    The sender's bitrate is the highest of `layers_bps` that fits the newest estimate: the allocation's part.
    """

    forward: Link
    back: Link
    call: Call = field(default_factory=Call)
    media_bps: float = 150_000
    layers_bps: tuple[int, ...] = (150_000, 500_000, 1_500_000)
    desired_bps: int = 1_500_000
    estimates: list[tuple[int, int, int, int]] = field(default_factory=list)
    received: list[tuple[int, Packet]] = field(default_factory=list)
    queue_ms: list[tuple[int, float]] = field(default_factory=list)
    _receiver: Twcc = field(default_factory=Twcc)
    _sequence: int = 0
    _frame: int = 0
    _backlog: float = 0.0

    def __post_init__(self) -> None:
        self.call.produce()
        self.call.consume()
        self.call.probe.set_desired_bitrate(RECEIVING, self.desired_bps)

    @property
    def now_us(self) -> int:
        return self.call.now_us

    @property
    def estimate_bps(self) -> int:
        return self.estimates[-1][1] if self.estimates else 0

    def send_frame(self) -> None:
        self._backlog += self.media_bps / 8 / 30
        size, first = max(self._backlog, 60.0), True
        self._backlog = 0.0
        while size > 0:
            body = b"x" * int(min(size, 1100))
            payload = vp8_payload(self._frame & 0x7FFF, keyframe=self._frame == 0 and first, body=body)
            if not first:
                payload = b"\x80" + payload[1:]  # no start of a partition
            size -= 1140
            self.call.send(rtp(self._sequence, self._frame * 3000, payload, marker=size <= 0))
            self._sequence += 1
            first = False
        self._frame += 1

    def step(self) -> None:
        self.call.pass_time(MS)
        now = self.call.now_us
        if now % (33 * MS) == 0:
            self.send_frame()
        for to, data in self.call.left():
            if to == RECEIVER and not is_rtcp(data):
                self.forward.send(now, now.to_bytes(8) + data)
        for carried in self.forward.due(now):
            packet = parse_rtp(carried[8:])
            self._receiver.received(int.from_bytes(packet.extensions[OUT_IDS[TRANSPORT_CC]]), now)
            self.received.append((now, packet))
            waited_us = now - int.from_bytes(carried[:8]) - self.forward.delay_us
            self.queue_ms.append((now, waited_us / MS))
        if now % FEEDBACK_US == 0:
            while (feedback := self._receiver.feedback()) is not None:
                self.back.send(now, feedback)
        for feedback in self.back.due(now):
            self.call.reply(feedback)
        for event in self.call.probe.events():
            if event[0] == ESTIMATE:
                self.estimates.append((now, *event[2:]))
                self.media_bps = max(
                    (bps for bps in self.layers_bps if bps <= event[2]), default=self.layers_bps[0]
                )

    def run(self, seconds: float) -> None:
        for _ in range(int(seconds * 1000)):
            self.step()

    def probation(self) -> list[Packet]:
        return [packet for _, packet in self.received if packet.ssrc == PROBATOR]
