"""Media and transport-cc feedback between one estimator and one receiver, by a clock that the test moves."""

from __future__ import annotations

from tests.windows.bandwidth import Estimator
from tests.windows.receiving import Twcc

MS = 1000
START_BPS = 600_000


class FeedbackTalk:
    """Media every 10 ms over a perfect path of 20 ms, feedback every 100 ms."""

    def __init__(self, size: int = 500) -> None:
        self.estimator = Estimator()
        self.receiver = Twcc()
        self.number = 0
        self.now_us = 1_000_000
        self.size = size

    def run(self, packets: int, *, arrive: bool = True, lose_every: int = 0, feedback: bool = True) -> None:
        for _ in range(packets):
            self.estimator.sent(self.number & 0xFFFF, self.size, self.now_us)
            if arrive and not (lose_every and self.number % lose_every == 0):
                self.receiver.received(self.number & 0xFFFF, self.now_us + 20 * MS)
            self.number += 1
            self.now_us += 10 * MS
            if feedback and self.number % 10 == 0:
                while (report := self.receiver.feedback()) is not None:
                    assert self.estimator.feedback(report, self.now_us + 30 * MS)

    def run_in_anothers_queue(self, packets: int, queue_ms: int) -> None:
        """Send packets that wait behind a queue of another sender, however little is sent."""
        for _ in range(packets):
            self.estimator.sent(self.number & 0xFFFF, self.size, self.now_us)
            wait_us = 20 * MS + queue_ms * MS + self.number % 7 * MS
            self.receiver.received(self.number & 0xFFFF, self.now_us + wait_us)
            self.number += 1
            self.now_us += 10 * MS
            if self.number % 10 == 0:
                while (report := self.receiver.feedback()) is not None:
                    assert self.estimator.feedback(report, self.now_us + 30 * MS)

    def probe(self) -> bool:
        """Send one cluster; False when the estimator wants none."""
        if not self.estimator.start_probe(self.now_us):
            return False
        while self.estimator.probing:
            while self.estimator.padding(self.now_us):
                self.estimator.sent(self.number & 0xFFFF, self.estimator.probe_packet_bytes, self.now_us)
                self.receiver.received(self.number & 0xFFFF, self.now_us + 20 * MS)
                self.number += 1
            self.now_us += 5 * MS
        return True
