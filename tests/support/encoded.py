"""Frames as encoders make them, for what writes files and streams: pictures that differ, and a tone."""

from __future__ import annotations

import functools
import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av

FRAMES_PER_S = 30
ENCODERS: dict[str, tuple[str, dict[str, str]]] = {
    "h264": ("libx264", {"preset": "ultrafast", "tune": "zerolatency"}),
    "vp8": ("libvpx", {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}),
    "vp9": ("libvpx-vp9", {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}),
    "av1": ("libsvtav1", {"preset": "12", "svtav1-params": "pred-struct=1:lookahead=0"}),
}


@dataclass(frozen=True, slots=True)
class Frame:
    """One encoded frame."""

    at_s: float
    data: bytes
    key_frame: bool


@functools.cache
def pictures(
    codec: str, seconds: float, *, key_every_s: float = 2.0, width: int = 320, height: int = 240
) -> tuple[Frame, ...]:
    """Return `seconds` of video; each picture is brighter than the one before."""
    name, options = ENCODERS[codec]
    context: Any = av.CodecContext.create(name, "w")
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base, context.framerate = Fraction(1, FRAMES_PER_S), FRAMES_PER_S
    context.gop_size = round(key_every_s * FRAMES_PER_S)
    if codec.startswith("vp"):
        context.bit_rate = 300_000
    context.options = options
    frames = []
    for index in range(round(seconds * FRAMES_PER_S)):
        frame = av.VideoFrame(width, height, "yuv420p")
        frame.pts, frame.time_base = index, context.time_base
        for plane in frame.planes:
            plane.update(bytes([16 + index * 2 % 200]) * plane.buffer_size)
        frames += context.encode(frame)
    frames += context.encode(None)
    return tuple(Frame(float(p.pts * p.time_base), bytes(p), p.is_keyframe) for p in frames)


@functools.cache
def sound(seconds: float, tone_hz: float = 440.0) -> tuple[Frame, ...]:
    """Return `seconds` of Opus, a tone, in packets of 20 ms."""
    context: Any = av.CodecContext.create("libopus", "w")
    context.sample_rate, context.layout, context.format = 48_000, "mono", "s16"
    context.time_base = Fraction(1, 48_000)
    packets = []
    for index in range(round(seconds * 50)):
        frame = av.AudioFrame("s16", "mono", 960)
        frame.sample_rate, frame.pts, frame.time_base = 48_000, index * 960, context.time_base
        turns = (2 * math.pi * tone_hz * (index * 960 + k) / 48_000 for k in range(960))
        frame.planes[0].update(struct.pack("<960h", *(round(8000 * math.sin(turn)) for turn in turns)))
        packets += context.encode(frame)
    return tuple(Frame(index * 0.02, bytes(packet), True) for index, packet in enumerate(packets))


def interleaved(video: tuple[Frame, ...], audio: tuple[Frame, ...]) -> Iterator[tuple[str, Frame]]:
    """Return the frames of both, each with its kind, in the order of their time."""
    both = [("video", frame) for frame in video] + [("audio", frame) for frame in audio]
    return iter(sorted(both, key=lambda item: item[1].at_s))
