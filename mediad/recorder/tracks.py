"""All tracks of a recorder: datagrams in, frames to the output, reports and requests for key frames back."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable

from mediad.errors import Full, InvalidState, NotFound
from mediad.pipe.recorder_requests import AddTrack
from mediad.recorder.output import Output
from mediad.recorder.rtp.packet import is_rtcp, read_rtp
from mediad.recorder.rtp.rtcp import MAX_BLOCKS, read_sender_reports, write_pli, write_reports
from mediad.recorder.timeline import PeerClock
from mediad.recorder.track import Track

MAX_TRACKS = 512
REPORT_US = 1_000_000


class Tracks:
    """The tracks, told apart by SSRC. Times are in microseconds, of the process's clock."""

    def __init__(self, output: Output, send: Callable[[bytes], None], dropped: Counter[str]) -> None:
        """Begin without tracks; `send` sends RTCP."""
        self._output, self._send, self._dropped = output, send, dropped
        self._by_id: dict[str, Track] = {}
        self._by_ssrc: dict[int, Track] = {}
        self._rtx: set[int] = set()
        self._peers: dict[str, PeerClock] = {}
        self._ssrc = secrets.randbits(32)
        self._reported_us = 0

    def add(self, request: AddTrack) -> None:
        """Expect a track.

        Raises Unsupported for its codec, Full when there are MAX_TRACKS, InvalidState when the track or its
        SSRC is there already or its file has no place for it.
        """
        if len(self._by_id) >= MAX_TRACKS:
            raise Full(f"{MAX_TRACKS} tracks are recorded already, which is the limit")
        if request.track_id in self._by_id:
            raise InvalidState(f"track {request.track_id[:100]} is recorded already")
        peer = self._peers.get(request.peer_id) or PeerClock()
        track = Track(request, peer)
        if track.ssrc in self._by_ssrc:
            raise InvalidState(f"another track has SSRC {track.ssrc}")
        self._output.add(track)
        self._peers[request.peer_id] = peer
        self._by_id[track.id] = self._by_ssrc[track.ssrc] = track
        self._rtx.add(track.rtx_ssrc)

    def remove(self, track_id: str, now_us: int) -> None:
        """End a track. Raises NotFound."""
        track = self._by_id.pop(track_id, None)
        if track is None:
            raise NotFound(f"no track {track_id[:100]} is recorded")
        del self._by_ssrc[track.ssrc]
        self._rtx.discard(track.rtx_ssrc)
        self._output.take(track, track.flush(), now_us)
        self._output.remove(track, now_us)
        self._dropped["damaged_frames"] += track.damaged
        track.close()
        if all(other.peer_id != track.peer_id for other in self._by_id.values()):
            del self._peers[track.peer_id]

    def remove_all(self, now_us: int) -> None:
        """End every track."""
        for track_id in list(self._by_id):
            self.remove(track_id, now_us)

    def receive(self, data: bytes, now_us: int) -> None:
        """Take a datagram of the plain transport."""
        if is_rtcp(data):
            for report in read_sender_reports(data):
                track = self._by_ssrc.get(report.ssrc)
                if track is not None:
                    track.report(report, now_us)
            return
        packet = read_rtp(data)
        if packet is None:
            self._dropped["not_rtp"] += 1
            return
        track = self._by_ssrc.get(packet.ssrc)
        if track is None:
            self._dropped["rtx" if packet.ssrc in self._rtx else "unknown_ssrc"] += 1
        elif not track.takes(packet.payload_type):
            self._dropped["payload_type"] += 1
        elif frames := track.receive(packet, now_us):
            self._output.take(track, frames, now_us)

    def poll(self, now_us: int) -> None:
        """Do what is due: give up missing packets, ask for key frames, report."""
        for track in self._by_id.values():
            if frames := track.poll(now_us):
                self._output.take(track, frames, now_us)
            if track.wants_key_frame(now_us):
                self._send(write_pli(self._ssrc, track.ssrc))
        self._output.poll(now_us)
        if now_us - self._reported_us >= REPORT_US:
            self._reported_us = now_us
            self._report(now_us)

    def dropped(self) -> dict[str, int]:
        """Return the packets and frames that were not written, by reason."""
        counts = Counter(self._dropped)
        for track in self._by_id.values():
            counts["damaged_frames"] += track.damaged
            counts["late_packets"] += track.reorder.late
            counts["duplicate_packets"] += track.reorder.duplicates
        return dict(counts)

    def _report(self, now_us: int) -> None:
        blocks = [block for track in self._by_id.values() if (block := track.block(now_us)) is not None]
        for start in range(0, len(blocks), MAX_BLOCKS):
            self._send(write_reports(self._ssrc, blocks[start : start + MAX_BLOCKS]))
