"""A recorder process that gets several peers' 720p VP8 and Opus in real time: its cost for each of them."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import uvloop

from mediad.pipe.recorder_requests import StopRecorder
from tests.support.recorder_feed import Sender, add_track
from tests.support.recorder_media import FPS, Payload
from tests.support.recorder_process import PlainTransport, recorder_process

PACKET_BYTES = 1100
OPUS_PACKET = b"\xf8" + bytes(160)
_VP8_START = b"\x9d\x01\x2a" + (1280).to_bytes(2, "little") + (720).to_bytes(2, "little")


@dataclass(frozen=True, slots=True)
class Load:
    """The number of peers, and what each sends."""

    peers: int
    video_bps: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of a recorder, in parts of a core."""

    cpu: float
    rss_bytes: int
    written_bytes: int
    lost_packets: int


def run(load: Load) -> Cost:
    """Measure once."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_measure(load))


async def _measure(load: Load) -> Cost:
    packets: list[tuple[float, bytes]] = []
    with tempfile.TemporaryDirectory() as directory:
        async with recorder_process() as recorder:
            transport = PlainTransport()
            try:
                await transport.start(recorder, Path(directory))
                for peer in range(load.peers):
                    for kind, mime_type, payloads in (
                        ("v", "video/VP8", _video(load)),
                        ("a", "audio/opus", _audio(load)),
                    ):
                        ssrc = 100 + 2 * peer + (kind == "a")
                        request = add_track(f"{kind}{peer}", mime_type, ssrc, peer_id=f"p{peer}")
                        await recorder.ask(request)
                        packets += Sender(mime_type, ssrc, delay_s=peer / FPS / load.peers).media(payloads)
                process = psutil.Process(recorder.process.pid)
                before = process.cpu_times()
                await transport.play(packets)
                after, rss_bytes = process.cpu_times(), process.memory_info().rss
                files = (await recorder.ask(StopRecorder())).files
            finally:
                transport.close()
    spent_s = after.user + after.system - before.user - before.system
    lost = sum(track.lost_packets for file in files for track in file.tracks)
    return Cost(spent_s / load.seconds, rss_bytes, sum(file.bytes for file in files), lost)


def _video(load: Load) -> Iterator[Payload]:
    """Frames of the size that the bitrate allows, of which only the headers mean anything."""
    frame = load.video_bps // 8 // FPS
    for number in range(round(load.seconds * FPS)):
        key = number % (10 * FPS) == 0
        data = (b"\x10\x02\x00" + _VP8_START if key else b"\x11\x02\x00") + bytes(frame)
        pieces = [data[at : at + PACKET_BYTES] for at in range(0, len(data), PACKET_BYTES)]
        for index, piece in enumerate(pieces):
            descriptor = b"\x00" if index else b"\x10"
            yield Payload(number / FPS, index == len(pieces) - 1, descriptor + piece, key)


def _audio(load: Load) -> Iterator[Payload]:
    return (Payload(number / 50, True, OPUS_PACKET, True) for number in range(round(load.seconds * 50)))
