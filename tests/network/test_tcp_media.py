"""A call over TCP alone on narrow and lossy links: the estimate finds them, and the picture goes on."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

import pytest

from tests.network.conftest import Report
from tests.support.camera import Camera
from tests.support.lab_browsers import LabBrowsers
from tests.support.network_lab import NetworkLab
from tests.support.shaped_link import FREE, Shape
from tests.support.watching import Watcher, estimate_bps, want_the_best

pytestmark = pytest.mark.network

SETTLED_S, WATCHED_S = 10, 8
MOST_FROZEN = 0.1
LEAST, MOST = 0.35, 1.5
"""Shares of the link's rate. TCP repeats what is lost, and the rest waits: delay that looks like a queue."""

LINKS = {
    "narrow": Shape(rate_bps=1_000_000, delay_ms=20),
    "lossy": Shape(rate_bps=2_000_000, delay_ms=20, loss=0.01),
}


@pytest.fixture(scope="module")
def camera() -> Camera:
    """A camera whose best layer fills the links."""
    return Camera(960, 540, 20)


@pytest.fixture(autouse=True)
def wide_again(lab: NetworkLab, browsers: LabBrowsers) -> Iterator[None]:
    """Widen the link again at the end: no client has to leave over a narrow one."""
    yield
    lab.client("ben").link.set(down=FREE)
    browsers.close_tabs()


@pytest.mark.parametrize("name", LINKS)
def test_media_over_tcp_follows_the_link(
    lab: NetworkLab, browsers: LabBrowsers, report: Report, name: str
) -> None:
    link = LINKS[name]
    query = {"resolution": "960x540", "frameRate": "20", "audio": "false", "forceTcp": "true"}
    browsers.open("ana", f"tcp-{name}", "ana", consume="false", **query)
    ben = browsers.open("ben", f"tcp-{name}", "ben", produce="false", forceTcp="true")
    ben.until_flowing("ana", "webcam")
    want_the_best(ben, "ana")
    lab.client("ben").link.set(down=link)
    ben.pause(SETTLED_S)
    watcher = Watcher(ben, "ana")
    shares = []
    for _ in range(WATCHED_S):
        ben.pause(1)
        shares.append(estimate_bps(ben) / (link.rate_bps or 1))
    watched = watcher.so_far()
    report(f"TCP, {name}: estimate", f"{min(shares):.0%} to {max(shares):.0%}", f"{LEAST:.0%} to {MOST:.0%}")
    report(f"TCP, {name}: frozen", f"{watched.freeze_share:.0%}", f"{MOST_FROZEN:.0%}")
    # What a loss held up comes all at once, and a probe among it seems fast: for a second, not for long.
    assert LEAST <= statistics.median(shares) <= MOST
    assert watched.freeze_share <= MOST_FROZEN
