"""Dominance: who has the floor, by the dominant speaker identification of I. Volfin and I. Cohen.

Computer Speech and Language 27 (2013), pages 895 to 910. The activity of each voice is rated over three
lengths of time, as the logarithm of how much likelier speech is than noise: the newest step of 20 ms
(immediate), the last 100 ms (medium) and the last second (long). A challenger takes the floor when it beats
the speaker by a margin in all three: the speaker keeps it between words, and the long one stops a cough. As
in other media servers, the levels of RFC 6464 in bands of 10 dB stand in for sub-bands of a spectrum.

MIN_LONG is an addition: after a pause of a second the shortest noise would beat the speaker.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

STEP_MS = 20
INTERVAL_US = 300_000
"""The time between two decisions, and between two reports of a voice that is heard."""
IDLE_LEVEL_US = 40_000
"""The time that a report may be late; then the voice is silent."""
IDLE_SPEAKER_US = 3_600_000_000
"""The time without a sound after which a voice is forgotten, and its noise with it."""

C1, C2, C3 = 3.0, 2.0, 0.0  # margins of the immediate, medium and long activity
N1, N2, N3 = 13, 5, 10  # bands of a step, steps of a medium block, blocks of a long one
MIN_LONG = 3  # blocks of the long one that a challenger has spoken through: a cough has two
_BAND_DB = 10  # 127 dB in N1 bands
_ACTIVE_LOUDNESS = 80  # -47 dBov: the eighth band
_OVER_NOISE_DB = 10  # a voice that speaks is louder than its own noise by this
_NOISE_STEPS = 750  # 15 s: nobody speaks for longer without taking breath
_STEPS = N2 * N3
_QUIET = bytes(_STEPS)
_LEAST = 1e-10  # of an activity: speech is not likelier than noise
_FLAGS = [bytes(level >= threshold for level in range(256)) for threshold in range(256)]


def _activities(parts: int, rate: float) -> list[float]:
    """Return the activity for 0, 1, … `parts` active parts; `rate` is that of the distribution of noise."""
    return [
        max(_LEAST, math.log(math.comb(parts, active) * 0.5**parts) - math.log(rate) + rate * active)
        for active in range(parts + 1)
    ]


_IMMEDIATE, _MEDIUM, _LONG = _activities(N1, 0.78), _activities(N2, 24.0), _activities(N3, 47.0)


@dataclass(slots=True)
class _Voice:
    heard_us: int
    levels: bytes = _QUIET  # 127 + dBov of the steps of the last second, newest last; 0 for silence
    noise: int = 127  # the lowest level of the last stretch, and of the present one if that is lower
    lowest: int = 127
    steps: int = 0  # of the present stretch

    def push(self, levels: bytes) -> None:
        self.levels = (self.levels + levels)[-_STEPS:]

    def learn_noise(self, levels: bytes) -> None:
        """Follow the noise: at once when it falls, and when it rises after a stretch without a pause."""
        self.lowest = min(self.lowest, min(filter(None, levels), default=127))
        self.noise = min(self.noise, self.lowest)
        self.steps += len(levels)
        if self.steps >= _NOISE_STEPS:
            self.noise, self.lowest, self.steps = self.lowest, 127, 0

    def activity(self) -> tuple[float, float, int]:
        """Return the immediate and medium activity, and the number of blocks of the long one."""
        audible = self.noise + _OVER_NOISE_DB
        newest = self.levels[-1]
        immediate = _IMMEDIATE[newest // _BAND_DB if newest >= audible else 0]
        flags = self.levels.translate(_FLAGS[max(audible, _ACTIVE_LOUDNESS)])
        blocks = [flags.count(1, start, start + N2) for start in range(0, _STEPS, N2)]
        return immediate, _MEDIUM[blocks[-1]], blocks.count(N2)

    @property
    def silent(self) -> bool:
        return self.levels == _QUIET


class Dominance:
    """The voices of a room. `speaker` is who has the floor, None for nobody."""

    def __init__(self) -> None:
        self.speaker: str | None = None
        self._voices: dict[str, _Voice] = {}

    def heard(self, producer_id: str, loudness: bytes, now_us: int) -> None:
        """Note the levels of the steps since the last report, oldest first: 127 + dBov, 0 for silence."""
        voice = self._voices.setdefault(producer_id, _Voice(now_us))
        voice.heard_us = now_us
        voice.push(loudness)
        voice.learn_noise(loudness)

    def forget(self, producer_id: str) -> None:
        """Forget a producer that is closed or paused; if it had the floor, nobody has."""
        self._voices.pop(producer_id, None)
        if self.speaker == producer_id:
            self.speaker = None

    def silence(self) -> None:
        """Take the floor from the speaker: all are silent for long."""
        self.speaker = None

    def decide(self, now_us: int) -> None:
        """Give the floor to the challenger that beats the speaker by most, if one does.

        It is called every INTERVAL_US while a voice is heard.
        """
        for producer_id, voice in list(self._voices.items()):
            if now_us > voice.heard_us + IDLE_SPEAKER_US:
                self.forget(producer_id)
            elif now_us > voice.heard_us + INTERVAL_US + IDLE_LEVEL_US:
                voice.push(bytes(INTERVAL_US // (STEP_MS * 1000)))
        immediate, medium, long = _LEAST, _LEAST, 0
        if self.speaker is not None:
            immediate, medium, long = self._voices[self.speaker].activity()
        best = C2
        for producer_id, voice in self._voices.items():
            if producer_id == self.speaker or voice.silent:
                continue
            theirs = voice.activity()
            lead = math.log(theirs[1] / medium)
            if (
                theirs[2] >= MIN_LONG
                and math.log(theirs[0] / immediate) > C1
                and lead > best
                and math.log(_LONG[theirs[2]] / _LONG[long]) > C3
            ):
                self.speaker, best = producer_id, lead

    @property
    def idle(self) -> bool:
        """True when only a new report can change the decision."""
        return all(voice.silent for voice in self._voices.values())
