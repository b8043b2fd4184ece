"""Capture times of pictures and sounds, as reckoned where packets and sender reports pass."""

from __future__ import annotations

import struct

from tests.simulation import rtcp
from tests.support.engine import is_rtcp, parse_rtp, rtcp_blocks
from tests.support.layered import TAG

SETTLED = 3  # sender reports of a stream, before which its first packets had none to go by
AUDIO_TYPES = {100, 111}
Moment = tuple[str, int]  # "voice" or "picture", and its number


class CaptureClock:
    """The capture times of what passes at one place, each by the newest sender report of its stream."""

    def __init__(self) -> None:
        self.streams: set[int] = set()
        """The SSRCs of media whose clock is known."""
        self.settled: dict[Moment, float] = {}
        """Capture times in µs, by the clock that the reports go by."""
        self._reports: dict[int, tuple[int, int, int]] = {}  # by SSRC: how many, NTP time, RTP timestamp

    def packet(self, data: bytes) -> None:
        """Look at a datagram that passes."""
        if data[0] < 0x80:
            return
        if is_rtcp(data):
            for kind, _, body in rtcp_blocks(data):
                if kind == rtcp.SR:
                    ssrc, ntp, timestamp = struct.unpack_from("!IQI", body)
                    count = self._reports.get(ssrc, (0, 0, 0))[0]
                    self._reports[ssrc] = count + 1, ntp, timestamp
            return
        packet = parse_rtp(data)
        count, ntp, timestamp = self._reports.get(packet.ssrc, (0, 0, 0))
        if count < SETTLED:
            return
        self.streams.add(packet.ssrc)
        voice = packet.payload_type in AUDIO_TYPES
        if voice:
            moment = "voice", int.from_bytes(packet.payload[:4], "big")
        else:
            moment = "picture", TAG.unpack(packet.payload[-TAG.size :])[0]
        step = (packet.timestamp - timestamp + 0x80000000 & 0xFFFFFFFF) - 0x80000000
        self.settled[moment] = ntp * 1e6 / 2**32 + step * 1e6 / (48_000 if voice else 90_000)
