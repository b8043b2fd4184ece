"""One track: packets in, whole frames with their time out, and requests for key frames."""

from __future__ import annotations

from typing import NamedTuple

from mediad.errors import InvalidInput, Unsupported
from mediad.pipe.recorder_requests import AddTrack
from mediad.recorder.codecs.frame import Frame
from mediad.recorder.codecs.table import CODECS, codec_of
from mediad.recorder.rtp.packet import RtpPacket
from mediad.recorder.rtp.reorder import Ordered, Reorder
from mediad.recorder.rtp.rtcp import ReportBlock, SenderReport
from mediad.recorder.timeline import PeerClock

ASK_AGAIN_US = 1_000_000
"""The time between requests for a key frame while packets come that nothing can be written of."""
ASK_SILENT_US = 5_000_000
"""The same while no packets come: the track may be paused."""


class PlacedFrame(NamedTuple):
    """A frame and its time on the clock of this process, in microseconds."""

    frame: Frame
    at_us: int


class Track:
    """One track that is recorded."""

    def __init__(self, request: AddTrack, peer: PeerClock) -> None:
        """Prepare a track. Raises Unsupported for its codec, InvalidInput for wrong parameters."""
        codec = request.rtp_parameters.first_codec()
        encodings = request.rtp_parameters.encodings
        if not encodings or not encodings[0].ssrc:
            raise InvalidInput(f"track {request.track_id[:100]} has no SSRC")
        if codec.clock_rate <= 0:
            raise InvalidInput(f"track {request.track_id[:100]} has a clock rate of {codec.clock_rate}")
        self.id = request.track_id
        self.peer_id, self.source, self.kind = request.peer_id, request.source, request.kind
        self.codec = codec_of(codec)
        self.mime_type = codec.mime_type
        if self.codec.is_video != (self.kind == "video"):
            raise Unsupported(f"{codec.mime_type} is not a codec of {self.kind}")
        self.clock_rate = codec.clock_rate
        self.ssrc = encodings[0].ssrc
        self.rtx_ssrc = encodings[0].rtx.ssrc if encodings[0].rtx is not None else 0
        self.reorder = Reorder()
        self.bytes = 0
        self.key_frame_requests = 0
        self._depacketizer = self.codec.depacketizer(codec.parameters)
        self._depacketizers = {codec.payload_type: self._depacketizer}
        for other in request.rtp_parameters.media_codecs()[1:]:
            known = CODECS.get(other.mime_type.lower())
            if known is not None and known.name == self.codec.name:  # Opus, where redundant audio is usual
                self._depacketizers[other.payload_type] = known.depacketizer(other.parameters)
        self._peer = peer
        self._clock = peer.add(codec.clock_rate, self.kind == "audio")
        self._needs_key_frame = False
        self._asked_us = -ASK_SILENT_US
        self._received_us = -ASK_SILENT_US
        self._report: SenderReport | None = None
        self._report_came_us = 0
        self._reported = (0, 0)

    @property
    def synchronised(self) -> bool:
        """True when sender reports tell its time."""
        return self._clock.reported

    @property
    def moved_us(self) -> float:
        """The sum of the moves of its frames in time: those that are held are moved by what it grows."""
        return self._clock.moved_us

    @property
    def damaged(self) -> int:
        """The number of frames that were not written because a part of them is missing or wrong."""
        return sum(made.damaged for made in self._depacketizers.values())

    def takes(self, payload_type: int) -> bool:
        """True for packets of this track's codec; others may be comfort noise or tones."""
        return payload_type in self._depacketizers

    def receive(self, packet: RtpPacket, now_us: int) -> list[PlacedFrame]:
        """Take a packet of this track; return the frames that it completes."""
        self._received_us = now_us
        self.bytes += len(packet.payload)
        return self._frames(self.reorder.push(packet, now_us))

    def poll(self, now_us: int) -> list[PlacedFrame]:
        """Return the frames that waited for a packet which does not come any more."""
        return self._frames(self.reorder.poll(now_us))

    def flush(self) -> list[PlacedFrame]:
        """Return the frames that still wait for packets: nothing more comes."""
        return self._frames(self.reorder.flush())

    def report(self, report: SenderReport, now_us: int) -> None:
        """Take a sender report on this track."""
        self._report, self._report_came_us = report, now_us
        self._clock.report(report, now_us)

    def wants_key_frame(self, now_us: int) -> bool:
        """True when a key frame is to be asked for now, which counts as asked."""
        if not (self._depacketizer.waits or self._needs_key_frame):
            return False
        interval_us = ASK_AGAIN_US if self._received_us > self._asked_us else ASK_SILENT_US
        if now_us - self._asked_us < interval_us:
            return False
        self._asked_us = now_us
        self.key_frame_requests += 1
        return True

    def need_key_frame(self) -> None:
        """Have a key frame asked for, though all frames can be decoded; of audio, each one is."""
        self._needs_key_frame = self.codec.is_video

    def block(self, now_us: int) -> ReportBlock | None:
        """Return what a receiver report says since the last one; None before the first packet."""
        reorder = self.reorder
        if not reorder.received:
            return None
        received, lost = reorder.received - self._reported[0], max(reorder.lost - self._reported[1], 0)
        self._reported = (reorder.received, reorder.lost)
        fraction = min(256 * lost // (received + lost), 255) if received + lost else 0
        last = delay = 0
        if self._report is not None:
            last = self._report.compact_ntp
            delay = min((now_us - self._report_came_us) * 65536 // 1_000_000, 0xFFFFFFFF)
        return ReportBlock(self.ssrc, fraction, reorder.lost, reorder.highest, last, delay)

    def close(self) -> None:
        """Leave the clock of the peer."""
        self._peer.remove(self._clock)

    def _frames(self, packets: list[Ordered]) -> list[PlacedFrame]:
        placed = []
        for packet, lost, arrival_us in packets:
            depacketizer = self._depacketizers[packet.payload_type]
            if lost:
                depacketizer.lose()
            frames = depacketizer.push(packet.payload, packet.timestamp, packet.marker, arrival_us)
            for frame in frames:
                self._needs_key_frame &= not frame.key
                at_us = self._clock.place_us(frame.timestamp, frame.arrival_us)
                placed.append(PlacedFrame(frame, at_us))
        return placed
