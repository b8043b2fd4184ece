"""Sound for a fake microphone: like a voice to the codec, and never silent.

Chromium's own beep leaves most of the time to DTX, where a lost packet costs nothing and proves nothing.
"""

from __future__ import annotations

import math
import struct
import wave
from pathlib import Path

RATE_HZ = 16_000
SECONDS = 4


def write_voice(path: Path) -> None:
    """A WAV file: a buzz whose pitch and vowel wander; it may be played in a loop."""
    phase = 0.0
    samples = []
    for index in range(RATE_HZ * SECONDS):
        turn = 2 * math.pi * index / (RATE_HZ * SECONDS)
        phase += 2 * math.pi * (140 + 30 * math.sin(5 * turn)) / RATE_HZ
        vowel = 3 + 2 * math.sin(7 * turn)
        sound = sum(math.sin(k * phase) / (1 + (k - vowel) ** 2) for k in range(1, 9))
        loudness = 0.6 + 0.4 * math.sin(9 * turn)
        samples.append(round(6000 * loudness * sound))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(struct.pack(f"<{len(samples)}h", *samples))
