"""Packets get lost, both ways on everybody's link: the picture does not freeze and the voice is whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.network.conftest import Report
from tests.support.browser import Tab
from tests.support.lab_browsers import LabBrowsers
from tests.support.network_lab import NetworkLab
from tests.support.shaped_link import Shape
from tests.support.watching import Watched, want_the_best, watch, watch_undisturbed

pytestmark = pytest.mark.network

SLACK = 2
"""Twenty seconds are a small sample, and machines have other things to do: this much above a bar fails."""
WATCHED_S = 20
SETTLE_S = 2
MAX_FROZEN = {0: 0.01, 100: 0.02}
"""The largest share of frozen time, by the round trip in ms between a client and the daemon."""
MAX_ADDED_CONCEALMENT = 0.02


@dataclass
class Call:
    """Ana speaks, Ben watches: and what he saw and heard while nothing was lost."""

    lab: NetworkLab
    ben: Tab
    rtt_ms: int
    undisturbed: Watched

    def lose(self, share: float) -> None:
        """Lose this share of packets in all four directions."""
        shape_all(self.lab, Shape(loss=share, delay_ms=self.rtt_ms / 2))
        self.ben.pause(SETTLE_S)


def shape_all(lab: NetworkLab, shape: Shape) -> None:
    for client in ("ana", "ben"):
        lab.client(client).link.set(up=shape, down=shape)


@pytest.fixture(scope="module", params=[0, 100], ids=lambda rtt_ms: f"rtt_{rtt_ms}_ms")
def call(lab: NetworkLab, browsers: LabBrowsers, request: pytest.FixtureRequest) -> Iterator[Call]:
    rtt_ms: int = request.param
    # From the start: a path that grows by 50 ms in the middle of a call is a congested one to any sender.
    shape_all(lab, Shape(delay_ms=rtt_ms / 2))
    browsers.open("ana", "loss", "ana", consume="false", resolution="640x360", frameRate="20")
    ben = browsers.open("ben", "loss", "ben", produce="false")
    ben.until_flowing("ana")
    want_the_best(ben, "ana")
    ben.until_smooth("ana")
    yield Call(lab, ben, rtt_ms, watch_undisturbed(ben, "ana"))
    browsers.close_tabs()


def test_five_percent_is_hardly_noticed(call: Call, report: Report) -> None:
    call.lose(0.05)
    seen, without = watch(call.ben, "ana", WATCHED_S), call.undisturbed
    added = seen.concealed_share - without.concealed_share
    what = f"5 % loss each way, {call.rtt_ms} ms"
    max_frozen = MAX_FROZEN[call.rtt_ms]
    report(f"{what}: frozen", f"{seen.freeze_share:.2%}", f"{max_frozen:.0%}")
    report(f"{what}: voice made up on top", f"{added:.2%}", f"{MAX_ADDED_CONCEALMENT:.0%}")
    assert seen.freeze_share - without.freeze_share <= SLACK * max_frozen
    assert added <= SLACK * MAX_ADDED_CONCEALMENT


def test_fifteen_percent_does_not_stop_the_picture(call: Call, report: Report) -> None:
    call.lose(0.15)
    frames = [watch(call.ben, "ana", 2).frames for _ in range(5)]
    report(f"15 % loss each way, {call.rtt_ms} ms: frames in each two seconds", str(frames), "1")
    assert min(frames) >= 1
