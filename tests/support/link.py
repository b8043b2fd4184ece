"""A bad network in fake time: what is sent at one moment is due at another, or never.

One direction of a path. The same seed and the same sends give the same fate to every datagram; nothing here
reads a clock. The properties may be changed while it runs ("and now it loses half of everything").
"""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass, field


@dataclass
class Link:
    """Times in µs, probabilities 0..1.

    A datagram waits until the link is free and has carried it (`rate_bps`, None = at once), travels
    `delay_us` and up to `jitter_us` more without overtaking anyone; with probability `reorder` it takes up to
    `reorder_us` longer on top and is overtaken. What would wait longer than `queue_us` is dropped. A link
    that was idle carries up to `burst_bytes` at once, as a token bucket does.
    """

    seed: int
    loss: float = 0.0
    duplicate: float = 0.0
    delay_us: int = 0
    jitter_us: int = 0
    reorder: float = 0.0
    reorder_us: int = 30_000
    rate_bps: int | None = None
    queue_us: int = 500_000
    burst_bytes: int = 0
    sent: int = field(default=0, init=False)
    lost: int = field(default=0, init=False)
    overflowed: int = field(default=0, init=False)
    delivered: int = field(default=0, init=False)
    _random: random.Random = field(init=False, repr=False)
    _travelling: list[tuple[int, int, bytes]] = field(default_factory=list, init=False, repr=False)
    _free_us: int = field(default=0, init=False, repr=False)
    _last_us: int = field(default=0, init=False, repr=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def send(self, now_us: int, data: bytes) -> None:
        self.sent += 1
        # Always as many draws: changing one property must not reshuffle what the others do.
        lost, twice, strays, jitter, detour = (self._random.random() for _ in range(5))
        if self.queueing_us(now_us) > self.queue_us:
            self.overflowed += 1
            return
        start_us = max(now_us, self._free_us)
        if self.rate_bps is not None:
            self._free_us = start_us + len(data) * 8 * 1_000_000 // self.rate_bps
            start_us = max(now_us, self._free_us - self._burst_us())
        if lost < self.loss:
            self.lost += 1
            return
        arrival_us = max(start_us + self.delay_us + int(jitter * self.jitter_us), self._last_us)
        self._last_us = arrival_us
        if strays < self.reorder:
            arrival_us += 1 + int(detour * self.reorder_us)
        for copy in range(2 if twice < self.duplicate else 1):
            heapq.heappush(self._travelling, (arrival_us, 2 * self.sent + copy, data))

    def queueing_us(self, now_us: int) -> int:
        """Return the time that a datagram sent now would wait before the link begins to carry it."""
        return max(0, self._free_us - self._burst_us() - now_us)

    def _burst_us(self) -> int:
        """Return the size of the bucket, as time on the line."""
        return self.burst_bytes * 8 * 1_000_000 // self.rate_bps if self.rate_bps else 0

    def due(self, now_us: int) -> list[bytes]:
        """Return the datagrams that have arrived by now, in order of arrival, each of them once."""
        found = []
        while self._travelling and self._travelling[0][0] <= now_us:
            found.append(heapq.heappop(self._travelling)[2])
        self.delivered += len(found)
        return found

    def deadline(self) -> int | None:
        """The time at which the next datagram arrives; None while nothing is on its way."""
        return self._travelling[0][0] if self._travelling else None
