"""Flashes and beeps in a file: how far apart they are, when each second begins with one of both."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np

LOUD, BRIGHT = 0.1, 120.0
LEAST_GAP_S = 0.5


def flashes(path: Path) -> list[float]:
    """Return the times at which the picture becomes white, in seconds of the file."""
    times: list[float] = []
    was_bright = True
    with av.open(str(path)) as file:
        for frame in file.decode(video=0):
            bright = float(np.frombuffer(bytes(frame.planes[0]), np.uint8).mean()) > BRIGHT
            if bright and not was_bright and frame.time is not None:
                times.append(float(frame.time))
            was_bright = bright
    return times


def beeps(path: Path) -> list[float]:
    """Return the times at which a tone begins, in seconds of the file."""
    times: list[float] = []
    quiet_since = -1.0
    with av.open(str(path)) as file:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=48000)
        for frame in file.decode(audio=0):
            if frame.time is None:
                continue
            begin = float(frame.time)
            samples = np.concatenate(
                [np.frombuffer(bytes(part.planes[0]), np.float32) for part in resampler.resample(frame)]
            )
            loud = np.flatnonzero(np.abs(samples) > LOUD)
            if loud.size:
                first = begin + float(loud[0]) / 48000
                if first - quiet_since > LEAST_GAP_S:
                    times.append(first)
                quiet_since = begin + float(loud[-1]) / 48000
    return times[1:]


def offsets_ms(path: Path) -> list[float]:
    """Return how much later than its beep each flash is; both are in the file at least twice."""
    heard = beeps(path)
    found = []
    for seen in flashes(path):
        nearest = min(heard, key=lambda time: abs(time - seen), default=None)
        if nearest is not None and abs(nearest - seen) < LEAST_GAP_S:
            found.append((seen - nearest) * 1000)
    return found
