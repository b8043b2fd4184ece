"""A film clapper: a white picture and a tone at the beginning of each second, and their times in a file."""

from __future__ import annotations

import array
import asyncio
import fractions
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError

WIDTH, HEIGHT, FRAME_RATE = 160, 120, 30
SAMPLE_RATE, SAMPLES = 48_000, 960
WHITE, DARK = 235, 40
CLAP_FRAMES = 4
"""The pictures of one clap; its tone has the same length."""
CLAP_BLOCKS = CLAP_FRAMES * SAMPLE_RATE // FRAME_RATE // SAMPLES


class _Clapper(MediaStreamTrack):
    """A track whose claps are at whole seconds of the monotonic clock.

    What could not be sent in time, because the machine is busy, is left out: reports of a sender that is late
    would say that its claps are.
    """

    interval_s: float

    def __init__(self) -> None:
        super().__init__()
        self._index = -1
        self._start_s = 0.0

    async def _next(self) -> int:
        if self.readyState != "live":
            raise MediaStreamError
        now_s = time.monotonic()
        if self._index < 0:
            self._start_s = math.ceil(now_s)
        self._index = max(self._index + 1, int((now_s - self._start_s) / self.interval_s))
        await asyncio.sleep(max(0.0, self._start_s + self._index * self.interval_s - now_s))
        return self._index


class ClapVideo(_Clapper):
    """The picture."""

    kind = "video"
    interval_s = 1 / FRAME_RATE

    async def recv(self) -> Any:
        index = await self._next()
        frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
        luma = WHITE if index % FRAME_RATE < CLAP_FRAMES else DARK
        for plane, value in zip(frame.planes, (luma, 128, 128), strict=True):
            plane.update(bytes([value]) * plane.buffer_size)
        frame.pts = index * 90_000 // FRAME_RATE
        frame.time_base = fractions.Fraction(1, 90_000)
        return frame


class ClapAudio(_Clapper):
    """The tone."""

    kind = "audio"
    interval_s = SAMPLES / SAMPLE_RATE

    async def recv(self) -> Any:
        index = await self._next()
        loud = index % (SAMPLE_RATE // SAMPLES) < CLAP_BLOCKS
        turn = 2 * math.pi * 1000 / SAMPLE_RATE
        level = 16_000 if loud else 0
        samples = array.array("h", (int(level * math.sin(turn * i)) for i in range(SAMPLES)))
        frame = av.AudioFrame(format="s16", layout="mono", samples=SAMPLES)
        frame.planes[0].update(samples.tobytes())
        frame.sample_rate = SAMPLE_RATE
        frame.pts = index * SAMPLES
        frame.time_base = fractions.Fraction(1, SAMPLE_RATE)
        return frame


@dataclass(frozen=True, slots=True)
class Seen:
    """A file, decoded to its end."""

    length_s: float
    """The time from its beginning to the end of the last frame."""
    pictures: list[float]
    """The times at which the picture turns white, in seconds."""
    tones: list[float]
    """The times at which the tone begins."""
    frames: int

    def lips_s(self) -> float:
        """The time from the claps that are seen to those that are heard."""
        return _around_zero(phase_s(self.tones) - phase_s(self.pictures))

    def drift_s(self) -> float:
        """The time by which the second half of the claps is later than the first, of sound and picture."""
        return max(
            (_around_zero(phase_s(times[len(times) // 2 :]) - phase_s(times[: len(times) // 2])))
            for times in (self.pictures, self.tones)
        )


def phase_s(times: list[float]) -> float:
    """Return the part of a second at which claps are: the median, for a busy sender leaves some out."""
    later = sorted(_around_zero(time_s - times[0]) for time_s in times)
    return (times[0] + later[len(later) // 2]) % 1


def _around_zero(seconds: float) -> float:
    return (seconds + 0.5) % 1 - 0.5


def look(path: str | Path) -> Seen:
    """Decode a whole file; raises what PyAV raises for one that is broken."""
    pictures: list[float] = []
    tones: list[float] = []
    length_s, frames = 0.0, 0
    was_white = was_loud = True  # a clap that has begun before the file has no beginning in it
    with av.open(str(path)) as container:
        for packet in container.demux():
            for frame in packet.decode():
                frames += 1
                if isinstance(frame, av.VideoFrame):
                    white = _luma(frame) > (WHITE + DARK) / 2
                    if white and not was_white:
                        pictures.append(float(frame.time or 0.0))
                    was_white, end_s = white, float(frame.time or 0.0) + 1 / FRAME_RATE
                elif isinstance(frame, av.AudioFrame):
                    block: Any = frame.to_ndarray()
                    loud = bool(abs(block).max() > (0.1 if block.dtype.kind == "f" else 3000))
                    if loud and not was_loud:
                        tones.append(float(frame.time or 0.0))
                    was_loud, end_s = loud, float(frame.time or 0.0) + frame.samples / frame.sample_rate
                else:
                    continue
                length_s = max(length_s, end_s)
    return Seen(length_s, pictures, tones, frames)


def _luma(frame: av.VideoFrame) -> float:
    plane = frame.planes[0]
    data = bytes(plane)
    middle = data[plane.height // 2 * plane.line_size :][: plane.width]
    return sum(middle) / len(middle)
