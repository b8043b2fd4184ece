"""Made-up pictures and tones one can tell apart after they were encoded, forwarded and decoded."""

from __future__ import annotations

import array
import asyncio
import fractions
import math
import time
from typing import Any

import av
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError

WIDTH, HEIGHT, FRAME_RATE = 160, 120, 15
SAMPLE_RATE, SAMPLES = 48_000, 960


class GreyTrack(MediaStreamTrack):
    """Video of one shade of grey (luma 16 … 235) with a moving bar, so that every frame differs."""

    kind = "video"

    def __init__(self, luma: int) -> None:
        super().__init__()
        self._luma = luma
        self._pace = _Pace(1 / FRAME_RATE)

    async def recv(self) -> Any:
        index = await self._pace.next(self)
        frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
        for plane, value in zip(frame.planes, (self._luma, 128, 128), strict=True):
            rows = bytearray(bytes([value]) * plane.buffer_size)
            if plane is frame.planes[0]:
                start = index % HEIGHT // 8 * 8 * plane.line_size
                rows[start : start + 4 * plane.line_size] = bytes(4 * plane.line_size)
            plane.update(bytes(rows[: plane.buffer_size]))
        frame.pts = index * 90_000 // FRAME_RATE
        frame.time_base = fractions.Fraction(1, 90_000)
        return frame


class ToneTrack(MediaStreamTrack):
    """Audio of one pitch, mono."""

    kind = "audio"

    def __init__(self, pitch_hz: int) -> None:
        super().__init__()
        self._pitch_hz = pitch_hz
        self._pace = _Pace(SAMPLES / SAMPLE_RATE)

    async def recv(self) -> Any:
        index = await self._pace.next(self)
        first = index * SAMPLES
        turn = 2 * math.pi * self._pitch_hz / SAMPLE_RATE
        samples = array.array("h", (int(12_000 * math.sin(turn * (first + i))) for i in range(SAMPLES)))
        frame = av.AudioFrame(format="s16", layout="mono", samples=SAMPLES)
        frame.planes[0].update(samples.tobytes())
        frame.sample_rate = SAMPLE_RATE
        frame.pts = first
        frame.time_base = fractions.Fraction(1, SAMPLE_RATE)
        return frame


class Meter:
    """Counts the decoded frames of a track and says what the last one looked or sounded like."""

    def __init__(self, track: MediaStreamTrack) -> None:
        self.frames = 0
        self.luma = 0.0
        self.pitch_hz = 0.0
        self._track = track
        self._task = asyncio.create_task(self._run())

    def stop(self) -> None:
        self._task.cancel()

    async def _run(self) -> None:
        while True:
            try:
                frame: Any = await self._track.recv()
            except MediaStreamError:
                return
            if self._track.kind == "video":
                self.luma = _median_luma(frame)
            else:
                self.pitch_hz = _pitch_hz(frame) or self.pitch_hz
            self.frames += 1


class _Pace:
    def __init__(self, interval_s: float) -> None:
        self._interval_s = interval_s
        self._start_s: float | None = None
        self._index = -1

    async def next(self, track: MediaStreamTrack) -> int:
        if track.readyState != "live":
            raise MediaStreamError
        now_s = time.monotonic()
        if self._start_s is None:
            self._start_s = now_s
        self._index += 1
        await asyncio.sleep(max(0.0, self._start_s + self._index * self._interval_s - now_s))
        return self._index


def _median_luma(frame: Any) -> float:
    plane = frame.planes[0]
    middle = plane.width // 2
    data = bytes(plane)
    column = sorted(data[row * plane.line_size + middle] for row in range(plane.height))
    return float(column[len(column) // 2])


def _pitch_hz(frame: Any) -> float | None:
    """Return the pitch by the distance of upward zero crossings of the first channel; None for silence."""
    channels = len(frame.layout.channels)
    samples = array.array("h", bytes(frame.planes[0])[: 2 * channels * frame.samples])[::channels]
    rises = [i for i in range(1, len(samples)) if samples[i - 1] < 0 <= samples[i]]
    if len(rises) < 2 or max(samples) < 1000:
        return None
    return float(frame.sample_rate * (len(rises) - 1) / (rises[-1] - rises[0]))
