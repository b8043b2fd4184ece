"""A recorder without its process and socket: RTP of clips in, in a time that the test tells, files out."""

from __future__ import annotations

import struct
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from mediad.pipe.recorder_requests import AddTrack, FileFinished, FileOutput, RecordingEnded
from mediad.pipe.rtp import CodecParameters, Encoding, RtpParameters
from mediad.recorder.files.recording import Recording
from mediad.recorder.tracks import Tracks
from tests.support.recorder_media import Payload, clip, clock_rate

NTP_1970 = 2_208_988_800


def rtp(
    payload_type: int, sequence: int, timestamp: int, ssrc: int, payload: bytes, *, marker: bool = False
) -> bytes:
    """An RTP packet."""
    second = payload_type | 0x80 * marker
    return struct.pack("!BBHII", 0x80, second, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc) + payload


def sender_report(ssrc: int, ntp_s: float, timestamp: int) -> bytes:
    """A compound packet of one sender report without blocks."""
    seconds = int(ntp_s)
    fraction = int((ntp_s - seconds) * (1 << 32)) & 0xFFFFFFFF
    return struct.pack("!BBHIIIIII", 0x80, 200, 6, ssrc, seconds, fraction, timestamp & 0xFFFFFFFF, 0, 0)


def add_track(
    track_id: str,
    mime_type: str,
    ssrc: int,
    *,
    peer_id: str = "peer",
    source: str = "camera",
    parameters: dict[str, Any] | None = None,
) -> AddTrack:
    """The request to record a track under payload type 100."""
    codec = CodecParameters(mime_type, 100, clock_rate(mime_type), parameters or {})
    kind: Any = mime_type.split("/")[0]
    return AddTrack(track_id, peer_id, source, kind, RtpParameters((codec,), encodings=(Encoding(ssrc),)))


class Sender:
    """One stream of a peer, whose wall clock and whose way to the server a test may choose."""

    def __init__(
        self,
        mime_type: str,
        ssrc: int,
        *,
        clock_s: float = 3_000_000_000.0,
        delay_s: float = 0.02,
        sequence: int = 65_500,
        timestamp: int = 0xFFFF_0000,
    ) -> None:
        """Begin: `clock_s` is its wall clock at media time 0, `delay_s` how late its packets arrive."""
        self.mime_type, self.ssrc = mime_type, ssrc
        self.clock_s, self.delay_s = clock_s, delay_s
        self.sequence, self.timestamp = sequence, timestamp
        self.drift = 0.0
        """The part by which its media clock is faster than its wall clock."""

    def media(self, payloads: Iterable[Payload], start_s: float = 0.0) -> list[tuple[float, bytes]]:
        """The packets of a clip that begins at `start_s`, each with the time of its arrival."""
        packets = []
        newest = 0.0
        for payload in payloads:
            at_s = start_s + payload.at_s
            newest = max(newest, at_s)  # B-frames are sent when they are decoded
            data = rtp(100, self.sequence, self.stamp(at_s), self.ssrc, payload.data, marker=payload.marker)
            packets.append((newest + self.delay_s, data))
            self.sequence += 1
        return packets

    def reports(self, times_s: Sequence[float]) -> list[tuple[float, bytes]]:
        """Sender reports that were made at these media times."""
        return [
            (at_s + self.delay_s, sender_report(self.ssrc, self.clock_s + at_s, self.stamp(at_s)))
            for at_s in times_s
        ]

    def stamp(self, at_s: float) -> int:
        return self.timestamp + round(at_s * (1 + self.drift) * clock_rate(self.mime_type))


class Feed:
    """The tracks and the output of a recorder."""

    def __init__(self, directory: Path, **output: Any) -> None:
        self.directory = directory
        self.output = FileOutput(str(directory), **output)
        self.events: list[FileFinished | RecordingEnded] = []
        self.sent: list[bytes] = []
        self.dropped: Counter[str] = Counter()
        self.start_us = self.now_us = self._poll_us = 0
        self.recording: Recording
        self.tracks: Tracks

    async def start(self, room_id: str = "room", recording_id: str = "one") -> Feed:
        self.recording = await Recording.start(room_id, recording_id, self.output, self.events.append)
        self.tracks = Tracks(self.recording, self.sent.append, self.dropped)
        self.start_us = self.now_us = self._poll_us = time.monotonic_ns() // 1000
        return self

    def play(self, *streams: Iterable[tuple[float, bytes]], then: Callable[[], None] | None = None) -> None:
        """Let packets arrive, each at its time, and the timer run between them."""
        for at_s, data in sorted(
            (entry for stream in streams for entry in stream), key=lambda entry: entry[0]
        ):
            self.pass_to(at_s)
            self.tracks.receive(data, self.now_us)
            if then is not None:
                then()

    def pass_to(self, at_s: float) -> None:
        """Let the time pass until `at_s` after the start."""
        end_us = self.start_us + round(at_s * 1e6)
        while self._poll_us <= end_us:
            self.now_us = max(self.now_us, self._poll_us)
            self._poll_us += 50_000
            self.tracks.poll(self.now_us)
        self.now_us = max(self.now_us, end_us)

    async def stop(self) -> list[Path]:
        """Finish; return the paths of the files."""
        self.tracks.remove_all(self.now_us)
        await self.recording.finish(self.now_us)
        return [Path(file.path) for file in self.recording.files()]


async def record(
    directory: Path, video: str, audio: str, seconds: float = 3.0, **output: Any
) -> tuple[Feed, list[Path]]:
    """Record a clip of one peer's camera and microphone."""
    feed = await Feed(directory, **output).start()
    streams = []
    for track_id, mime_type, ssrc in (("v", video, 11), ("a", audio, 22)):
        feed.tracks.add(add_track(track_id, mime_type, ssrc))
        sender = Sender(mime_type, ssrc)
        streams.append(sender.media(clip(mime_type, seconds)))
        streams.append(sender.reports([0.1 + n for n in range(int(seconds))]))
    feed.play(*streams)
    return feed, await feed.stop()
