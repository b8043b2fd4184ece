"""The daemon's estimate of a link beside its real bandwidth; and sharing it with a download."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.network.conftest import Report
from tests.support.browser import Tab
from tests.support.camera import Camera
from tests.support.lab_browsers import LabBrowsers
from tests.support.network_lab import NetworkLab
from tests.support.shaped_link import FREE, Shape
from tests.support.tcp_flow import TcpFlow
from tests.support.watching import estimate_bps, want_the_best

pytestmark = pytest.mark.network

WIDTH, HEIGHT, FRAME_RATE = 960, 540, 20
FOUND_S = 10
LOOKED_AT_S = 4
BAR = 0.25
SLACK = 1.4
SHARED_S = 10
STARVING = 1 / 8
"""A quarter of a fair share, as a share of the link."""


@pytest.fixture(scope="module")
def camera() -> Camera:
    return Camera(WIDTH, HEIGHT, FRAME_RATE)


@pytest.fixture(autouse=True)
def wide_again(lab: NetworkLab, browsers: LabBrowsers) -> Iterator[None]:
    """Widen the link again at the end: no client has to leave over a narrow one."""
    yield
    lab.client("ben").link.set(down=FREE)
    browsers.close_tabs()


def join(lab: NetworkLab, browsers: LabBrowsers, rate_bps: int, copies: int) -> Tab:
    """Ben, who has just come to see Ana `copies` times over a link of that rate. She is warmed up."""
    room = f"estimate-{rate_bps}"
    lab.client("ana").link.set(up=Shape(rate_bps=4_000_000))
    query = {"resolution": f"{WIDTH}x{HEIGHT}", "frameRate": str(FRAME_RATE)}
    replicas = str(copies - 1)
    browsers.open("ana", room, "ana", consume="false", audio="false", **query)
    ben = browsers.open("ben", room, "ben", produce="false", consumerReplicas=replicas)
    sees(ben, copies)
    ben.until("the large picture", lambda: ben.consumers("ana", "webcam")[0].get("frameWidth") == WIDTH)
    lab.client("ben").link.set(down=Shape(rate_bps=rate_bps, delay_ms=20))
    ben.get("mediad.reconnect()")
    ben.until("a new session", lambda: ben.get("mediad.sessionCount") == 2)
    sees(ben, copies)
    return ben


def sees(ben: Tab, copies: int) -> None:
    ben.until("every picture", lambda: len(ben.consumers("ana", "webcam")) == copies)
    want_the_best(ben, "ana")


# The widest link needs more than one picture to fill it: nobody looks for what nobody would use.
@pytest.mark.parametrize(("rate_bps", "copies"), [(300_000, 1), (1_000_000, 1), (5_000_000, 2)])
def test_the_estimate_finds_the_link(
    lab: NetworkLab, browsers: LabBrowsers, report: Report, rate_bps: int, copies: int
) -> None:
    ben = join(lab, browsers, rate_bps, copies)
    ben.pause(FOUND_S - LOOKED_AT_S)
    shares = []
    for _ in range(2 * LOOKED_AT_S):
        ben.pause(0.5)
        shares.append(estimate_bps(ben) / rate_bps)
    found = min(shares, key=lambda share: abs(share - 1))
    what = f"estimate of {rate_bps / 1e6} Mbit/s within {FOUND_S} s"
    spread = f"{found:.0%} of it, lately from {min(shares):.0%} to {max(shares):.0%}"
    report(what, spread, f"{1 - BAR:.0%} to {1 + BAR:.0%}")
    assert abs(found - 1) <= SLACK * BAR


def test_a_download_and_the_call_share_the_link(
    lab: NetworkLab, browsers: LabBrowsers, report: Report
) -> None:
    rate_bps = 1_000_000
    ben = join(lab, browsers, rate_bps, 1)
    with TcpFlow(lab, lab.client("ben")) as download:
        ben.pause(SHARED_S / 2)
        before = media_bytes(ben)
        theirs = download.bps_over(SHARED_S) / rate_bps
        ours = (media_bytes(ben) - before) * 8 / SHARED_S / rate_bps
    report("of 1 Mbit/s, shared with a download, the call gets", f"{ours:.0%}", f"{STARVING:.0%}")
    report("and the download", f"{theirs:.0%}", f"{STARVING:.0%}")
    assert ours >= STARVING
    assert theirs >= STARVING


def media_bytes(tab: Tab) -> int:
    return sum(int(one.get("bytesReceived", 0)) for one in tab.stats()["consumers"])
