from __future__ import annotations

from mediad.worker.policy.bandwidth import REVIEW_US
from mediad.worker.policy.downlink_news import DownlinkReport
from mediad.worker.transports.downlink import Downlink
from tests.support.fake_clock import FakeClock

REVIEW_S = REVIEW_US / 1e6


class Microphone:
    """A consumer with nothing to choose."""

    priority = 1

    def __init__(self, bitrate_bps: int) -> None:
        self.bitrate_bps = bitrate_bps

    def ladder(self) -> None:
        return None

    def reserved_bps(self) -> int:
        return self.bitrate_bps

    def allot(self, step: object, *, limited: bool) -> None: ...


class Watched:
    """A downlink, and what it asked and told."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.probed: list[int] = []
        self.told: list[DownlinkReport] = []
        self.downlink = Downlink(self.clock, self.probed.append, self.told.append)


def test_nothing_is_asked_or_told_before_an_estimate() -> None:
    watched = Watched()
    watched.downlink.bandwidth.join(Microphone(50_000))
    watched.clock.pass_s(60)
    assert (watched.probed, watched.told, watched.clock.waiting) == ([], [], 0)
    assert watched.downlink.available_bps == 0


def test_what_is_wanted_is_probed_for_when_it_changes() -> None:
    watched = Watched()
    microphone = Microphone(50_000)
    watched.downlink.bandwidth.join(microphone)
    watched.downlink.estimated(1_000_000, 0)
    watched.downlink.estimated(900_000, 0)
    assert watched.probed == [50_000]
    microphone.bitrate_bps = 80_000
    watched.clock.pass_s(REVIEW_S)
    assert watched.probed == [50_000, 80_000], "bitrates change by themselves"


def test_news_is_told_once_a_second() -> None:
    watched = Watched()
    for available_bps in (1_000_000, 1_010_000, 1_020_000):
        watched.downlink.estimated(available_bps, 0)
    watched.clock.pass_s(1.5)
    assert watched.told == [DownlinkReport(0, 0, 1_000_000), DownlinkReport(0, 0, 1_020_000)]


def test_one_review_is_planned_and_closing_cancels_it() -> None:
    watched = Watched()
    for _ in range(3):
        watched.downlink.estimated(1_000_000, 0)
    assert watched.clock.waiting == 1
    watched.downlink.close()
    assert watched.clock.waiting == 0
