"""Four rooms of Chromium on two workers, one of which is killed: when pictures are back, and who notices."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.support.browser import Tab, Tabs
from tests.support.daemon import Daemon

BREAKAGE_MS = 10_000
"""Later than this something waits for a time-out; no slow machine gets here."""

ROOMS = ("a", "b", "c", "d")


def test_a_worker_killed_under_four_rooms(browser: Browser, capsys: pytest.CaptureFixture[str]) -> None:
    """Reports the time from the kill to the first frame of the new session, by the watching page's clock."""
    with Daemon(workers=2) as daemon:
        tabs = Tabs(browser, daemon.url)
        try:
            senders = {room: tabs.open(room, "sender", audio="false", consume="false") for room in ROOMS}
            watchers = {room: tabs.open(room, "watcher", produce="false") for room in ROOMS}
            for room in ROOMS:
                watchers[room].until_flowing("sender", "webcam")
            doomed = [room for room in ROOMS if daemon.worker_of(room) == 0]
            spared = [room for room in ROOMS if room not in doomed]
            assert len(doomed) == len(spared) == 2
            lost = {room: packets_lost(watchers[room]) for room in spared}
            killed_ms = {room: float(watchers[room].get("performance.now()")) for room in doomed}
            daemon.kill_worker(0)
            times = [
                watchers[room].until(
                    "a frame of a new session",
                    lambda: first_frame_since(watchers[room], killed_ms[room]),
                )
                for room in doomed
            ]
            with capsys.disabled():
                print("\n  picture again after " + ", ".join(f"{time_ms:.0f} ms" for time_ms in times))
            assert max(times) < BREAKAGE_MS
            for room in spared:
                watchers[room].until_flowing("sender", "webcam")
                assert packets_lost(watchers[room]) == lost[room]
                assert [tab.get("mediad.sessionCount") for tab in (senders[room], watchers[room])] == [1, 1]
        finally:
            tabs.close()


def first_frame_since(tab: Tab, then_ms: float) -> float | None:
    """Milliseconds from `then_ms` to the first frame shown since."""
    timeline: dict[str, Any] = tab.get("mediad.timeline")
    shown = [times["firstFrameMs"] for times in timeline["consumers"].values() if times["firstFrameMs"]]
    return next((at_ms - then_ms for at_ms in sorted(shown) if at_ms > then_ms), None)


def packets_lost(tab: Tab) -> int:
    return sum(int(consumer.get("packetsLost", 0)) for consumer in tab.consumers("sender", "webcam"))
