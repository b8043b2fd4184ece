"""A sender that obeys the bandwidth estimator, a receiver with transport-cc feedback, the links between them.

Fake time in steps of a millisecond. `Elastic` media follows the estimate as an encoder would; `Layered` media
can only be what the layers of a simulcast stream are, so that most of the time it leaves room. `Tcp` is a
loss-based flow (Reno's congestion avoidance) over the same link.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import fmean

from tests.support.link import Link
from tests.windows.bandwidth import Estimator
from tests.windows.receiving import Twcc

MS = 1000
SECOND = 1_000_000
PACKET_BYTES = 1200
FEEDBACK_US = 100 * MS
REACTION_US = 100 * MS
PROBE_TICK_US = 5 * MS


@dataclass
class Elastic:
    """30 frames a second at `share` of the estimate, never above `limit_bps`."""

    limit_bps: int = 10_000_000
    share: float = 0.95

    def rate(self, estimate_bps: int) -> float:
        return min(self.share * estimate_bps, self.limit_bps)


@dataclass
class Layered:
    """The highest layer that fits; the lowest always."""

    layers_bps: tuple[int, ...] = (150_000, 500_000, 1_500_000, 2_500_000)

    def rate(self, estimate_bps: int) -> float:
        return max((bps for bps in self.layers_bps if bps <= estimate_bps), default=self.layers_bps[0])


@dataclass
class Tcp:
    """Reno without slow start: a packet more a round trip, half after a loss."""

    window: float = 4.0
    next_number: int = 0
    acknowledged: int = 0
    in_flight: dict[int, int] = field(default_factory=dict)
    recover: int = 0
    delivered_bytes: int = 0

    def sends(self, now_us: int) -> list[bytes]:
        left = []
        for number in [n for n, due_us in self.in_flight.items() if due_us <= now_us]:  # a tail loss
            del self.in_flight[number]
            self.halve(number)
        while len(self.in_flight) < int(self.window):
            left.append(b"t" + self.next_number.to_bytes(8) + bytes(PACKET_BYTES - 9))
            self.in_flight[self.next_number] = now_us + 2 * SECOND
            self.next_number += 1
        return left

    def halve(self, number: int) -> None:
        if number >= self.recover:
            self.window = max(2.0, self.window / 2)
            self.recover = self.next_number

    def ack(self, number: int) -> None:
        if self.in_flight.pop(number, None) is None:
            return
        self.delivered_bytes += PACKET_BYTES
        self.window += 1 / self.window
        for missing in [n for n in self.in_flight if n < number - 3]:
            del self.in_flight[missing]
            self.halve(missing)


@dataclass
class Sample:
    now_us: int
    estimate_bps: int
    media_bps: float
    queue_ms: float


@dataclass
class NarrowPath:
    forward: Link
    back: Link
    media: Elastic | Layered = field(default_factory=Elastic)
    tcp: Tcp | None = None
    desired_bps: int = 6_000_000
    now_us: int = SECOND
    estimator: Estimator = field(default_factory=Estimator)
    receiver: Twcc = field(default_factory=Twcc)
    samples: list[Sample] = field(default_factory=list)
    media_bytes: int = 0  # that arrived
    padding_bytes: int = 0  # that was sent
    sequence: int = 65_000
    obeyed_bps: int = 0
    backlog: float = 0.0
    worst_queue_ms: float = 0.0

    def __post_init__(self) -> None:
        self.estimator.desired_bps = self.desired_bps

    def leave(self, size: int) -> None:
        number = self.sequence & 0xFFFF
        self.sequence += 1
        self.estimator.sent(number, size, self.now_us)
        head = b"m" + number.to_bytes(2) + self.now_us.to_bytes(8)
        self.forward.send(self.now_us, head + bytes(size - len(head)))

    def send_media(self) -> None:
        if self.now_us % REACTION_US == 0:
            self.obeyed_bps = self.estimator.bps
        if self.now_us % (SECOND // 30 // MS * MS):
            return
        self.backlog += self.media.rate(self.obeyed_bps) / 8 / (1000 / 33)
        while self.backlog >= 100:
            size = int(min(self.backlog, PACKET_BYTES))
            self.leave(max(size, 100))
            self.backlog -= size

    def send_probes(self) -> None:
        if self.now_us % PROBE_TICK_US:
            return
        self.estimator.start_probe(self.now_us)
        while self.estimator.padding(self.now_us):
            self.leave(self.estimator.probe_packet_bytes)
            self.padding_bytes += self.estimator.probe_packet_bytes

    def deliver(self) -> None:
        for data in self.forward.due(self.now_us):
            if data[:1] == b"t":
                self.back.send(self.now_us, data[:9])
                continue
            self.receiver.received(int.from_bytes(data[1:3]), self.now_us)
            self.media_bytes += len(data)
            waited_us = self.now_us - int.from_bytes(data[3:11]) - self.forward.delay_us
            self.worst_queue_ms = max(self.worst_queue_ms, waited_us / MS)
        if self.now_us % FEEDBACK_US == 0:
            while (feedback := self.receiver.feedback()) is not None:
                self.back.send(self.now_us, b"f" + feedback)
        for data in self.back.due(self.now_us):
            if data[:1] == b"t" and self.tcp is not None:
                self.tcp.ack(int.from_bytes(data[1:9]))
            else:
                self.estimator.feedback(data[1:], self.now_us)

    def run(self, seconds: float, each: Callable[[Sample], None] | None = None) -> list[Sample]:
        """The samples of these seconds, ten a second."""
        first = len(self.samples)
        for _ in range(int(seconds * 1000)):
            self.now_us += MS
            self.deliver()
            self.send_media()
            self.send_probes()
            if self.tcp is not None:
                for data in self.tcp.sends(self.now_us):
                    self.forward.send(self.now_us, data)
            if self.now_us % (100 * MS) == 0:
                self.estimator.tick(self.now_us)
                sample = Sample(
                    self.now_us,
                    self.estimator.bps,
                    self.media.rate(self.obeyed_bps),
                    self.worst_queue_ms,
                )
                self.worst_queue_ms = 0.0
                self.samples.append(sample)
                if each:
                    each(sample)
        return self.samples[first:]


def mean_bps(samples: list[Sample]) -> float:
    return fmean(sample.estimate_bps for sample in samples)
