"""A receiver's link becomes narrow and wide again: a smaller picture, not a late one, and only for him."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.network.conftest import Report
from tests.support.browser import Tab
from tests.support.camera import Camera
from tests.support.lab_browsers import LabBrowsers
from tests.support.network_lab import NetworkLab
from tests.support.shaped_link import Shape, ShapedLink
from tests.support.watching import Watcher, want_the_best, watch_undisturbed

pytestmark = pytest.mark.network

WIDTH, HEIGHT, FRAME_RATE = 960, 540, 20
NARROW_BPS = 400_000
NARROW = Shape(rate_bps=NARROW_BPS, delay_ms=20)
WIDE = Shape(delay_ms=20)
DOWN_BAR_S, CALM_BAR_S, UP_BAR_S = 2.0, 5.0, 4.0
QUEUE_BAR_MS = 200
USE_BAR = 0.6
AFTERWARDS_S = 10
SLACK = 1.5


@pytest.fixture(scope="module")
def camera() -> Camera:
    return Camera(WIDTH, HEIGHT, FRAME_RATE)


@dataclass
class Call:
    """Ana is seen by Ben, who is about to be squeezed, and by Cleo, who should not notice."""

    link: ShapedLink
    ben: Tab
    cleo: Tab


@pytest.fixture
def call(lab: NetworkLab, browsers: LabBrowsers) -> Iterator[Call]:
    # So that three layers fit, and no machine has to encode more than it can.
    lab.client("ana").link.set(up=Shape(rate_bps=4_000_000))
    link = lab.client("ben").link
    link.set(down=WIDE)
    query = {"resolution": f"{WIDTH}x{HEIGHT}", "frameRate": str(FRAME_RATE)}
    browsers.open("ana", "squeeze", "ana", consume="false", **query)
    ben = browsers.open("ben", "squeeze", "ben", produce="false")
    cleo = browsers.open("ana", "squeeze", "cleo", produce="false")
    for tab in (ben, cleo):
        tab.until_flowing("ana")
        want_the_best(tab, "ana")
    for tab in (ben, cleo):
        tab.until("the whole picture", lambda: width(tab) == WIDTH)
        watch_undisturbed(tab, "ana", seconds=4)
    yield Call(link, ben, cleo)
    browsers.close_tabs()


def width(tab: Tab) -> int:
    return int(tab.consumer("ana", "webcam").get("frameWidth", 0))


def seconds_until(tab: Tab, what: str, condition: Callable[[], bool]) -> float:
    start_s = time.monotonic()
    tab.until(what, condition, deadline_s=30)
    return time.monotonic() - start_s


def test_a_squeezed_receiver_sees_a_smaller_picture(call: Call, report: Report) -> None:
    cleo = Watcher(call.cleo, "ana")
    ben = Watcher(call.ben, "ana")
    start_s = time.monotonic()
    call.link.set(down=NARROW)
    down_s = seconds_until(call.ben, "a smaller picture", lambda: width(call.ben) < WIDTH)
    call.ben.pause(max(0.0, start_s + CALM_BAR_S - time.monotonic()))
    changing = ben.so_far()
    afterwards = Watcher(call.ben, "ana")
    before = call.link.counters("down")
    call.ben.pause(AFTERWARDS_S)
    after, seen = call.link.counters("down"), afterwards.so_far()
    used = (after.bytes_delivered - before.bytes_delivered) * 8 / NARROW_BPS / seen.seconds
    queue_ms = after.peak_queue_us / 1000
    call.link.set(down=WIDE)
    up_s = seconds_until(call.ben, "the whole picture", lambda: width(call.ben) == WIDTH)
    third = cleo.so_far()

    report("squeezed to 400 kbit/s: smaller picture after", f"{down_s:.1f} s", f"{DOWN_BAR_S:.0f} s")
    report("frozen in the first 5 s", f"{changing.freeze_share * changing.seconds:.1f} s")
    report("frozen afterwards", f"{seen.freeze_share * seen.seconds:.1f} s", "0 s")
    report("longest queue afterwards", f"{queue_ms:.0f} ms", f"{QUEUE_BAR_MS} ms")
    report("of the link used afterwards", f"{used:.0%}", f"{USE_BAR:.0%}")
    report("released: whole picture after", f"{up_s:.1f} s", f"{UP_BAR_S:.0f} s")
    report("frozen for somebody else meanwhile", f"{third.freeze_share * third.seconds:.1f} s", "0 s")
    assert down_s <= SLACK * DOWN_BAR_S
    assert seen.freezes == 0
    assert queue_ms <= SLACK * QUEUE_BAR_MS
    assert used >= USE_BAR / SLACK
    assert up_s <= SLACK * UP_BAR_S
    assert third.freezes <= 1
