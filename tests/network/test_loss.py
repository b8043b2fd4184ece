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
from tests.support.watching import Watched, watch, watch_undisturbed

pytestmark = pytest.mark.network

WATCHED_S = 20
SETTLE_S = 2
MAX_ADDED_CONCEALMENT = 0.02


@dataclass
class Call:
    """Ana speaks, Ben watches: and what he saw and heard while all was well."""

    lab: NetworkLab
    ben: Tab
    undisturbed: Watched

    def shape(self, shape: Shape) -> None:
        """All four directions."""
        for client in ("ana", "ben"):
            self.lab.client(client).link.set(up=shape, down=shape)
        self.ben.pause(SETTLE_S)


@pytest.fixture(scope="module")
def call(lab: NetworkLab, browsers: LabBrowsers) -> Iterator[Call]:
    browsers.open("ana", "loss", "ana", consume="false", resolution="640x360", frameRate="20")
    ben = browsers.open("ben", "loss", "ben", produce="false")
    ben.until_flowing("ana")
    ben.until_smooth("ana")
    yield Call(lab, ben, watch_undisturbed(ben, "ana"))
    browsers.close_tabs()


@pytest.mark.parametrize(("rtt_ms", "max_frozen"), [(0, 0.01), (100, 0.02)])
def test_five_percent_is_hardly_noticed(call: Call, report: Report, rtt_ms: int, max_frozen: float) -> None:
    call.shape(Shape(loss=0.05, delay_ms=rtt_ms / 2))
    seen = watch(call.ben, "ana", WATCHED_S)
    without = call.undisturbed
    added = seen.concealed_share - without.concealed_share
    what = f"5 % loss each way, {rtt_ms} ms"
    report(
        f"{what}: frozen", f"{seen.freeze_share:.2%}, without {without.freeze_share:.2%}", f"{max_frozen:.0%}"
    )
    report(f"{what}: voice made up on top", f"{added:.2%}", f"{MAX_ADDED_CONCEALMENT:.0%}")
    assert seen.freeze_share - without.freeze_share <= max_frozen
    assert added <= MAX_ADDED_CONCEALMENT


def test_fifteen_percent_does_not_stop_the_picture(call: Call, report: Report) -> None:
    call.shape(Shape(loss=0.15, delay_ms=25))
    frames = [watch(call.ben, "ana", 2).frames for _ in range(6)]
    report("15 % loss each way, 50 ms: frames in each two seconds", str(frames), "1")
    assert min(frames) >= 1
