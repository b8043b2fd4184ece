"""A browser's audio receive stream: a jitter buffer that plays 20 ms every 20 ms, and what it made up."""

from __future__ import annotations

from collections import deque

from tests.simulation.clock import SimulatedClock
from tests.simulation.video_receiver import Sequences
from tests.support.engine import Packet

FRAME_US = 20_000
LEAST_DELAY_US = 40_000
WINDOW = 150  # packets: three seconds
STEP_US = 5_000  # the delay changes by stretching or shortening frames


class AudioReceiver:
    """`concealed` frames came from nowhere, `recovered` ones out of the next packet (Opus in-band FEC)."""

    def __init__(self, clock: SimulatedClock, ssrc: int) -> None:
        self.ssrc = ssrc
        self.sequences = Sequences()
        self.played = self.recovered = 0
        self.concealed: list[int] = []  # when
        self._clock = clock
        self._here: set[int] = set()
        self._transits: deque[int] = deque(maxlen=WINDOW)  # arrival less that of its number
        self._next: int | None = None
        self._delay_us = LEAST_DELAY_US

    def receive(self, packet: Packet) -> None:
        number = self.sequences.unwrap(packet.sequence)
        if number in self._here:
            return
        self.sequences.received += 1
        self._transits.append(self._clock.now_us - number * FRAME_US)
        if self._next is None:
            self._next = number
            self._clock.after(2 * FRAME_US, self._play)
        if number >= self._next:
            self._here.add(number)

    def _play(self) -> None:
        assert self._next is not None
        self.played += 1
        if self._next not in self._here:
            if self._next + 1 in self._here:
                self.recovered += 1
            else:
                self.concealed.append(self._clock.now_us)
        self._here.discard(self._next)
        self._next += 1
        self._clock.at(self._due_us(self._next), self._play)

    def _due_us(self, number: int) -> int:
        transits = sorted(self._transits)
        wanted_us = LEAST_DELAY_US + transits[int(0.97 * (len(transits) - 1))] - transits[0]
        self._delay_us += max(-STEP_US, min(STEP_US, wanted_us - self._delay_us))
        return number * FRAME_US + transits[0] + self._delay_us

    def concealed_share(self, from_us: int, until_us: int) -> float:
        return sum(from_us <= at_us < until_us for at_us in self.concealed) * FRAME_US / (until_us - from_us)
