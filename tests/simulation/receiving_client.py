"""A client that receives: tells streams apart, reports, and gives feedback on everything that came."""

from __future__ import annotations

import struct
from collections.abc import Callable

from tests.simulation import rtcp
from tests.simulation.audio_receiver import AudioReceiver
from tests.simulation.clock import SimulatedClock
from tests.simulation.hop import Hop
from tests.simulation.video_receiver import OWN_SSRC, VideoReceiver
from tests.support.engine import Packet, is_rtcp, parse_rtp, rtcp_blocks
from tests.support.link import Link
from tests.windows.receiving import Twcc

FEEDBACK_US = 100_000
REPORT_US = 1_000_000
PROBATOR_SSRC = 1234


class ReceivingClient:
    def __init__(
        self, clock: SimulatedClock, down: Link, up: Link, arrived: Callable[[bytes], object]
    ) -> None:
        self.video: list[VideoReceiver] = []
        self.audio: list[AudioReceiver] = []
        self.bytes = 0
        self.padding_bytes = 0
        self.waits_us: list[int] = []  # in the queue of `down`, since somebody last looked
        self.tap: Callable[[bytes], object] = lambda data: None  # sees what comes
        self.cross_traffic: Callable[[bytes], object] | None = None  # gets what is not the call's
        self.down = Hop(clock, down, self._receive)
        self.up = Hop(clock, up, arrived)
        self._clock = clock
        self._transport_cc_id = 0
        self._twcc = Twcc()
        self._streams: dict[int, VideoReceiver | AudioReceiver] = {}
        self._repairs: dict[int, VideoReceiver] = {}
        self._sender_reports: dict[int, tuple[int, int]] = {}  # by SSRC: its time, when it came
        clock.every(FEEDBACK_US, self._give_feedback)
        clock.every(REPORT_US, self._report)

    def deliver(self, data: bytes) -> None:
        """The server sends a datagram."""
        self.waits_us.append(self.down.link.queueing_us(self._clock.now_us))
        self.down.send(data)

    def add_video(self, receiver: VideoReceiver, rtx_ssrc: int, transport_cc_id: int) -> None:
        self.video.append(receiver)
        self._streams[receiver.ssrc] = receiver
        self._repairs[rtx_ssrc] = receiver
        self._transport_cc_id = transport_cc_id

    def add_audio(self, receiver: AudioReceiver) -> None:
        self.audio.append(receiver)
        self._streams[receiver.ssrc] = receiver

    def _receive(self, data: bytes) -> None:
        self.tap(data)
        if data[0] < 0x80:
            if self.cross_traffic is not None:
                self.cross_traffic(data)
            return
        if is_rtcp(data):
            for kind, _, body in rtcp_blocks(data):
                if kind == rtcp.SR:
                    ssrc, time = struct.unpack_from("!IQ", body)
                    self._sender_reports[ssrc] = time >> 16 & 0xFFFFFFFF, self._clock.now_us
            return
        packet = parse_rtp(data)
        self.bytes += len(data)
        if number := packet.extensions.get(self._transport_cc_id):
            self._twcc.received(int.from_bytes(number, "big"), self._clock.now_us)
        if packet.ssrc == PROBATOR_SSRC:
            self.padding_bytes += len(data)
        elif packet.ssrc in self._repairs:
            self._repairs[packet.ssrc].receive(unwrapped(packet), repaired=True)
        else:
            self._streams[packet.ssrc].receive(packet)

    def _give_feedback(self) -> None:
        while (feedback := self._twcc.feedback()) is not None:
            self.up.send(feedback)

    def _report(self) -> None:
        """Send a report, once a second."""
        blocks = []
        for ssrc, receiver in self._streams.items():
            time, came_us = self._sender_reports.get(ssrc, (0, self._clock.now_us))
            delay = (self._clock.now_us - came_us << 16) // 1_000_000
            blocks.append(rtcp.ReportBlock(ssrc, *receiver.sequences.report(), 0, time, delay))
        if blocks:
            self.up.send(rtcp.receiver_report(OWN_SSRC, blocks))


def unwrapped(packet: Packet) -> Packet:
    """RFC 4588: the packet an RTX packet repeats."""
    return Packet(
        packet.payload_type,
        packet.marker,
        int.from_bytes(packet.payload[:2], "big"),
        packet.timestamp,
        packet.ssrc,
        packet.extensions,
        packet.payload[2:],
    )
