"""One stream over a bad network and back: what is missing is asked for and sent again, in fake time."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from tests.support.link import Link
from tests.windows.receiving import Receiver, Twcc
from tests.windows.stores import Store

MS = 1000
SECOND = 1000 * MS
PACKET_US = 4 * MS  # 250 packets a second
BASE = 2**32
FIRST = 65_000  # wraps after two seconds


@dataclass
class Path:
    """A sender with a store, a receiver with NACK and RTX, and a link each way."""

    forward: Link
    back: Link
    receiver: Receiver = field(default_factory=lambda: Receiver(use_nack=True))
    store: Store = field(default_factory=lambda: Store(1024, 2 * SECOND))

    def send(self, number: int, now_us: int) -> None:
        self.store.put(BASE + FIRST + number, number, now_us)
        self.forward.send(now_us, b"m" + number.to_bytes(4))

    def deliver(self, now_us: int) -> None:
        for data in self.forward.due(now_us):
            number = int.from_bytes(data[1:])
            timestamp = number * 360 & 0xFFFFFFFF
            self.receiver.packet(FIRST + number & 0xFFFF, timestamp, repaired=data[:1] == b"r", now_us=now_us)
        for data in self.back.due(now_us):
            kept = self.store.get(BASE + FIRST + int.from_bytes(data))
            if kept is not None:
                self.forward.send(now_us, b"r" + kept.to_bytes(4))

    def ask(self, now_us: int, sent: int) -> None:
        """A lost sequence number means the newest packet that has it."""
        for lost in self.receiver.nack_due(now_us):
            newest = FIRST + sent - 1
            number = newest - ((newest - lost) & 0xFFFF) - FIRST
            self.back.send(now_us, number.to_bytes(4))

    def run(self, packets: int, *, then_us: int = SECOND) -> None:
        for now_us in range(0, packets * PACKET_US + then_us, MS):
            number, remainder = divmod(now_us, PACKET_US)
            if remainder == 0 and number < packets:
                self.send(number, now_us)
            self.deliver(now_us)
            self.ask(now_us, min(number + 1, packets))


@pytest.mark.parametrize("seed", range(5))
def test_ten_percent_loss_both_ways_is_repaired(seed: int) -> None:
    path = Path(
        Link(seed, loss=0.1, delay_us=30 * MS, jitter_us=5 * MS),
        Link(seed + 100, loss=0.1, delay_us=30 * MS),
    )
    packets = 2000
    path.run(packets)
    report = path.receiver.report()
    lost_at_the_end = FIRST + packets - 1 - report["highest_sequence"]  # which nothing after it gives away
    assert lost_at_the_end <= 5
    assert report["cumulative_lost"] == 0
    assert path.receiver.packets == packets - lost_at_the_end
    assert path.receiver.packets_repaired > 0.07 * packets
    assert not path.receiver.wants_keyframe


@pytest.mark.parametrize("seed", range(3))
def test_disorder_within_the_patience_asks_for_nothing(seed: int) -> None:
    forward = Link(seed, delay_us=20 * MS, reorder=0.2, reorder_us=9 * MS, duplicate=0.05)
    path = Path(forward, Link(seed))
    path.run(1000)
    assert path.receiver.packets == 1000
    assert path.back.sent == 0
    assert path.receiver.packets_discarded == forward.delivered - 1000
    assert path.receiver.report()["cumulative_lost"] == 0


def test_a_dead_link_is_given_up_and_comes_back_with_a_key_frame_wish() -> None:
    path = Path(Link(1, delay_us=10 * MS), Link(2, delay_us=10 * MS))
    path.run(200, then_us=0)
    path.forward.loss = 1.0
    for number in range(200, 900):
        path.send(number, number * PACKET_US)
    path.forward.loss = 0.0
    path.send(900, 900 * PACKET_US)
    path.deliver(900 * PACKET_US + 10 * MS)
    assert path.receiver.wants_keyframe
    assert path.receiver.nack_due(999 * SECOND) == []


@pytest.mark.parametrize("seed", range(3))
def test_transport_feedback_tells_of_every_packet(seed: int) -> None:
    link = Link(seed, loss=0.05, delay_us=25 * MS, jitter_us=15 * MS, reorder=0.05)
    twcc = Twcc()
    statuses = 0
    for now_us in range(0, 8 * SECOND, MS):
        if now_us % PACKET_US == 0:
            link.send(now_us, (now_us // PACKET_US & 0xFFFF).to_bytes(2))
        for data in link.due(now_us):
            twcc.received(int.from_bytes(data), now_us)
        if now_us % (100 * MS) == 99 * MS:
            while (feedback := twcc.feedback()) is not None:
                statuses += int.from_bytes(feedback[14:16])
    _, received, lost = twcc.counters
    assert statuses == received + lost
    assert link.delivered - received < 0.02 * link.sent  # overtaken by the report
    assert lost >= link.lost - 5
