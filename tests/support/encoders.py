"""Real encoded video, by the codec libraries that PyAV brings: noise, so that frames span several packets."""

from __future__ import annotations

import fractions
import random
from collections.abc import Iterator
from typing import Any

import av
from aiortc.codecs.h264 import H264Encoder
from aiortc.codecs.vpx import Vp8Encoder

WIDTH, HEIGHT = 320, 240


def pictures(count: int) -> Iterator[Any]:
    chance = random.Random(7)
    for index in range(count):
        frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
        for plane in frame.planes:
            plane.update(chance.randbytes(plane.buffer_size))
        frame.pts = index * 3000
        frame.time_base = fractions.Fraction(1, 90_000)
        yield frame


def vp8_payloads(count: int, keyframes: set[int]) -> list[list[bytes]]:
    """Return the RTP payloads of `count` frames; those in `keyframes`, and the first, are key frames."""
    encoder = Vp8Encoder()
    return [
        encoder.encode(frame, force_keyframe=index in keyframes)[0]
        for index, frame in enumerate(pictures(count))
    ]


def h264_payloads(count: int, keyframes: set[int]) -> list[list[bytes]]:
    encoder = H264Encoder()
    return [
        encoder.encode(frame, force_keyframe=index in keyframes)[0]
        for index, frame in enumerate(pictures(count))
    ]


def encoded(codec: str, count: int, keyframe_every: int, options: dict[str, str]) -> list[tuple[bytes, bool]]:
    """`count` frames as (bitstream, whether the encoder says it is a key frame)."""
    context: Any = av.CodecContext.create(codec, "w")
    context.width, context.height, context.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    context.time_base = fractions.Fraction(1, 90_000)
    context.framerate = fractions.Fraction(30, 1)
    context.gop_size = keyframe_every
    context.options = options
    packets = [packet for frame in pictures(count) for packet in context.encode(frame)]
    packets += context.encode(None)
    return [(bytes(packet), packet.is_keyframe) for packet in packets]
