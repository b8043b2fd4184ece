"""Playout of pictures, and the gaps between them that a viewer calls a freeze."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from itertools import pairwise

WINDOW_US = 3_000_000
SLEW = 0.1  # how fast the playout delay may change: 100 ms a second, as browsers do
LEAST_DELAY_US = 10_000


@dataclass
class PlayoutDelay:
    """A jitter buffer's delay: enough for the usual variation, or what the server asks for.

    Who only receives does not know the round trip, and so not how long repairs take.
    """

    delay_us: float = LEAST_DELAY_US
    asked_us: int = 0
    _transits: deque[tuple[int, int]] = field(default_factory=deque)  # completion, less capture time
    _moved_us: int = 0

    def completed(self, now_us: int, capture_us: int, *, was_repaired: bool) -> None:
        if was_repaired:
            return
        self._transits.append((now_us, now_us - capture_us))
        while self._transits[0][0] < now_us - WINDOW_US:
            self._transits.popleft()

    def due_us(self, now_us: int, capture_us: int) -> int:
        """Return the time at which a picture captured then is to be shown."""
        transits = sorted(transit for _, transit in self._transits)
        if not transits:
            return now_us
        usual = transits[int(0.95 * (len(transits) - 1))] - transits[0]
        wanted = max(LEAST_DELAY_US + usual, self.asked_us)
        step = SLEW * (now_us - self._moved_us) if self._moved_us else 1e9
        self._moved_us = now_us
        self.delay_us += max(-step, min(step, wanted - self.delay_us))
        return capture_us + transits[0] + int(self.delay_us)


@dataclass
class Shown:
    now_us: int
    layers: tuple[int, int]  # spatial (or the encoding) and temporal


FREEZE_SAMPLES, FREEZE_WINDOW = 5, 30


@dataclass
class Screen:
    """WebRTC's freezes: a gap above both three times the mean of the last 30 and that mean + 150 ms."""

    shown: list[Shown] = field(default_factory=list)
    freezes: list[tuple[int, int]] = field(default_factory=list)  # from, until
    _gaps: deque[int] = field(default_factory=lambda: deque(maxlen=FREEZE_WINDOW))

    def show(self, now_us: int, layers: tuple[int, int]) -> None:
        if self.shown:
            last_us = self.shown[-1].now_us
            if self._is_freeze(now_us - last_us):
                self.freezes.append((last_us, now_us))
            self._gaps.append(now_us - last_us)
        self.shown.append(Shown(now_us, layers))

    def _is_freeze(self, gap_us: int) -> bool:
        if len(self._gaps) < FREEZE_SAMPLES:
            return False
        mean_us = sum(self._gaps) / len(self._gaps)
        return gap_us > max(3 * mean_us, mean_us + 150_000)

    def frozen_share(self, from_us: int, until_us: int) -> float:
        """Return the share of this time that was frozen; a gap that has not ended counts as well."""
        freezes = list(self.freezes)
        if self.shown and self._is_freeze(until_us - self.shown[-1].now_us):
            freezes.append((self.shown[-1].now_us, until_us))
        frozen_us = sum(max(0, min(b, until_us) - max(a, from_us)) for a, b in freezes)
        return frozen_us / (until_us - from_us)

    def between(self, from_us: int, until_us: int) -> list[Shown]:
        return [shown for shown in self.shown if from_us <= shown.now_us < until_us]

    def switches(self, from_us: int, until_us: int) -> int:
        """Return the number of times that the spatial layer shown changed."""
        pairs = pairwise(self.between(from_us, until_us))
        return sum(a.layers[0] != b.layers[0] for a, b in pairs)
