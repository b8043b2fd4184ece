"""Media for the recorder: FFmpeg's encoders encode, its packetisers make RTP, its decoders judge the files.

The pictures are dark and flash white at the beginning of each second; the sound beeps at the same moments.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.video.codeccontext import VideoCodecContext

from mediad.recorder.rtp.packet import read_rtp

FPS = 30
FLASH_S = 0.1
ENCODERS = {
    "video/VP8": ("libvpx", {"deadline": "realtime", "cpu-used": "-8", "lag-in-frames": "0"}),
    "video/VP9": ("libvpx-vp9", {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}),
    "video/H264": ("libx264", {"preset": "ultrafast", "tune": "zerolatency"}),
    "video/H265": (
        "libx265",
        {"preset": "ultrafast", "tune": "zerolatency", "x265-params": "log-level=none"},
    ),
    "video/AV1": ("libsvtav1", {"preset": "12", "crf": "40", "svtav1-params": "pred-struct=1:lp=1"}),
    "audio/opus": ("libopus", {}),
    "audio/PCMU": ("pcm_mulaw", {}),
    "audio/PCMA": ("pcm_alaw", {}),
    "audio/G722": ("g722", {}),
}
CLOCK_RATES = {"audio/opus": 48000, "audio/PCMU": 8000, "audio/PCMA": 8000, "audio/G722": 8000}
MUXED_AS = {
    "video/VP8": "vp8",
    "video/VP9": "vp9",
    "video/H264": "h264",
    "video/H265": "hevc",
    "video/AV1": "av1",
}


class Payload(NamedTuple):
    """One packet's payload."""

    at_s: float
    """The time of its frame, from the beginning of the clip."""
    marker: bool
    data: bytes
    key: bool


def clock_rate(mime_type: str) -> int:
    return CLOCK_RATES.get(mime_type, 90000)


@functools.cache
def clip(
    mime_type: str,
    seconds: float = 3.0,
    size: tuple[int, int] = (320, 180),
    gop: int = 30,
    b_frames: int = 0,
) -> tuple[Payload, ...]:
    """The payloads of a clip, in the order of decoding."""
    if mime_type.startswith("audio/"):
        return tuple(_packetise(mime_type, _encode_audio(mime_type, seconds)))
    return tuple(_packetise(mime_type, _encode_video(mime_type, seconds, size, gop, b_frames)))


def _encode_video(
    mime_type: str, seconds: float, size: tuple[int, int], gop: int, b_frames: int
) -> list[av.Packet[Any]]:
    name, options = ENCODERS[mime_type]
    if b_frames:
        options = {"preset": "ultrafast", "x264-params": f"bframes={b_frames}:b-adapt=0"}
    encoder = av.CodecContext.create(name, "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.width, encoder.height = size
    encoder.pix_fmt = "yuv420p"
    encoder.framerate, encoder.time_base = Fraction(FPS), Fraction(1, FPS)
    encoder.gop_size = gop
    encoder.bit_rate = 0 if "crf" in options else 400_000
    encoder.options = options
    packets = []
    for number in range(round(seconds * FPS)):
        bright = number % FPS < FLASH_S * FPS
        picture = np.full((size[1], size[0], 3), 235 if bright else 20, dtype=np.uint8)
        picture[number % size[1]] = 120
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")
        frame.pts = number
        packets += encoder.encode(frame)
    return packets + encoder.encode(None)


def _encode_audio(mime_type: str, seconds: float) -> list[av.Packet[Any]]:
    name, options = ENCODERS[mime_type]
    rate = {"audio/opus": 48000, "audio/G722": 16000}.get(mime_type, 8000)
    encoder = av.CodecContext.create(name, "w")
    assert isinstance(encoder, AudioCodecContext)
    encoder.sample_rate, encoder.layout = rate, "stereo" if rate == 48000 else "mono"
    encoder.format = "s16"
    encoder.time_base = Fraction(1, rate)
    encoder.options = options
    samples = rate // 50
    packets = []
    for number in range(round(seconds * 50)):
        times = (np.arange(samples) + number * samples) / rate
        tone = np.where(times % 1 < FLASH_S, 8000 * np.sin(2 * np.pi * 880 * times), 0).astype(np.int16)
        channels = 2 if rate == 48000 else 1
        frame = av.AudioFrame.from_ndarray(
            np.repeat(tone, channels).reshape(1, -1), format="s16", layout=encoder.layout.name
        )
        frame.sample_rate, frame.pts, frame.time_base = rate, number * samples, Fraction(1, rate)
        packets += encoder.encode(frame)
    return packets + encoder.encode(None)


class _Sink(io.RawIOBase):
    """A file for FFmpeg's RTP muxer, which writes one packet at a time."""

    def __init__(self) -> None:
        self.packets: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self.packets.append(bytes(data))
        return len(data)


def _packetise(mime_type: str, packets: Sequence[av.Packet[Any]]) -> Iterable[Payload]:
    sink = _Sink()
    container = av.open(
        sink,
        "w",
        format="rtp",
        buffer_size=1200,
        container_options={"strict": "experimental", "rtpflags": "skip_rtcp"},
    )
    if mime_type in MUXED_AS:
        stream = container.add_mux_stream(MUXED_AS[mime_type], rate=FPS, width=320, height=180)
    else:
        name = ENCODERS[mime_type][0]
        rate = {"audio/opus": 48000, "audio/G722": 16000}.get(mime_type, 8000)
        stream = container.add_stream(name, rate=rate, layout="stereo" if rate == 48000 else "mono")
    for packet in packets:
        assert packet.pts is not None
        assert packet.time_base is not None
        at_s, key = float(packet.pts * packet.time_base), packet.is_keyframe
        packet.stream = stream
        container.mux_one(packet)
        for data in sink.packets:
            read = read_rtp(data)
            assert read is not None
            yield Payload(max(at_s, 0.0), read.marker, read.payload, key)
        sink.packets.clear()


class Decoded(NamedTuple):
    """The pictures and sounds of a file."""

    flashes: list[float]
    """The times at which pictures become bright."""
    beeps: list[float]
    """The times at which sound begins."""
    video: list[float]
    """The time of each picture."""
    audio: list[float]
    """The time of each piece of sound."""
    sizes: list[tuple[int, int]]
    """The sizes of the pictures, each change once."""
    end_s: float


def decode(path: str | Path) -> Decoded:
    """Decode a whole file. Raises av.FFmpegError for whatever a decoder complains of."""
    found = Decoded([], [], [], [], [], 0.0)
    bright = False
    quiet_since = -1.0
    end_s = 0.0
    with av.open(str(path), options={"err_detect": "explode"}) as container:
        for stream in (*container.streams.video, *container.streams.audio):
            stream.codec_context.options = {"err_detect": "explode"}
        for packet in container.demux():
            for frame in packet.decode():
                assert isinstance(frame, av.VideoFrame | av.AudioFrame)
                at_s = float(frame.time or 0.0)
                if isinstance(frame, av.VideoFrame):
                    found.video.append(at_s)
                    if not found.sizes or found.sizes[-1] != (frame.width, frame.height):
                        found.sizes.append((frame.width, frame.height))
                    was, bright = bright, float(frame.to_ndarray(format="gray").mean()) > 120
                    if bright and not was:
                        found.flashes.append(at_s)
                    end_s = max(end_s, at_s + 1 / FPS)
                else:
                    found.audio.append(at_s)
                    samples = np.abs(frame.to_ndarray().astype(np.float64))
                    if frame.format.name.startswith("flt"):
                        samples = samples * 32768
                    for at in np.flatnonzero(samples.reshape(-1) > 2000):
                        when = at_s + at / samples.size * frame.samples / frame.sample_rate
                        if when - quiet_since > 0.3:
                            found.beeps.append(when)
                        quiet_since = when
                    end_s = max(end_s, at_s + frame.samples / frame.sample_rate)
    return found._replace(end_s=end_s)
