"""Chromium when things go wrong: a worker killed, a connection lost, the same person in two windows."""

from __future__ import annotations

import statistics
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser

from tests.support.browser import Tab, Tabs
from tests.support.daemon import Daemon

JOINS = 10
BREAKAGE_MS = 10_000
"""A first frame later than this means that something waits for a timeout; no slow machine gets here."""


def pair(tabs: Tabs, room_id: str) -> tuple[Tab, Tab]:
    ana, ben = tabs.open(room_id, "ana"), tabs.open(room_id, "ben")
    ana.until_flowing("ben")
    ben.until_flowing("ana")
    return ana, ben


def sessions(*tabs: Tab) -> list[int]:
    return [int(tab.get("mediad.sessionCount")) for tab in tabs]


def test_a_killed_worker_is_survived_by_its_room_and_unnoticed_by_others(browser: Browser) -> None:
    with Daemon(workers=2) as daemon:
        tabs = Tabs(browser, daemon.url)
        try:
            ana, ben = pair(tabs, "doomed")
            cleo = tabs.open("elsewhere", "cleo", audio="false")
            dora = tabs.open("elsewhere", "dora", produce="false")
            dora.until_flowing("cleo", "webcam")
            assert daemon.worker_of("doomed") != daemon.worker_of("elsewhere")
            daemon.kill_worker(daemon.worker_of("doomed"))
            for tab in (ana, ben):
                tab.until("a second session", lambda: sessions(tab) >= [2])
            ana.until_flowing("ben")
            ben.until_flowing("ana")
            assert dora.flows("cleo", "webcam")
            assert sessions(cleo, dora) == [1, 1]
            assert [tab.crashes for tab in tabs.opened] == [[]] * 4
        finally:
            tabs.close()


def test_the_only_worker_killed_comes_back(browser: Browser) -> None:
    with Daemon(workers=1) as daemon:
        tabs = Tabs(browser, daemon.url)
        try:
            ana, ben = pair(tabs, "room")
            for _ in range(2):
                before = sessions(ana, ben)
                daemon.kill_worker(0)
                for tab, count in zip((ana, ben), before, strict=True):
                    tab.until("another session", lambda: sessions(tab)[0] > count)
                ana.until_flowing("ben")
                ben.until_flowing("ana")
        finally:
            tabs.close()


def test_a_lost_connection_is_made_again(tabs: Tabs, room_id: str) -> None:
    ana, ben = pair(tabs, room_id)
    ana.get("mediad.reconnect()")
    ana.until("a second session", lambda: sessions(ana) == [2])
    ana.until_flowing("ben")
    ben.until_flowing("ana")
    assert [peer["id"] for peer in ben.get("mediad.peers")] == ["ana"]
    assert sessions(ben) == [1]


def test_muted_stays_muted_over_a_reconnection(tabs: Tabs, room_id: str) -> None:
    ana, ben = pair(tabs, room_id)
    ana.page.keyboard.press("m")
    ben.until("muted", lambda: ben.consumer("ana", "mic")["remotelyPaused"])
    ana.get("mediad.reconnect()")
    ana.until("a second session", lambda: sessions(ana) == [2])
    ben.until_flowing("ana", "webcam")
    ben.until("muted again", lambda: [one["remotelyPaused"] for one in ben.consumers("ana", "mic")] == [True])
    ben.until_still("ana", "mic")


def test_the_same_person_in_a_second_window_takes_over(tabs: Tabs, room_id: str) -> None:
    ana, ben = pair(tabs, room_id)
    ben.get(
        """() => {
          window.seen = [];
          const note = () => {
            const ids = mediad.peers.map((peer) => peer.id).join();
            if (window.seen.at(-1) !== ids) window.seen.push(ids);
          };
          note();
          window.watch = setInterval(note, 5);
        }"""
    )
    again = tabs.open(room_id, "ana")
    again.until_flowing("ben")
    ana.until("replaced", lambda: ana.state == "replaced")
    ben.until_flowing("ana")
    assert [peer["id"] for peer in ben.get("mediad.peers")] == ["ana"]
    assert len(ben.consumers("ana")) == 2
    assert len(ben.get("window.seen")) <= 3, "at most there, gone, there"
    ana.page.wait_for_selector("text=another window")
    ana.pause(2)
    assert ana.state == "replaced", "the old window does not fight back"
    assert sessions(again) == [1]


def test_a_dead_media_path_ends_in_a_new_session(tabs: Tabs, room_id: str) -> None:
    """The server forgets a transport: ICE cannot be restarted, so the page joins again from the start."""
    ana, ben = pair(tabs, room_id)
    ana.get(
        """() => {
          const real = WebSocket.prototype.send;
          WebSocket.prototype.send = function (text) {
            const message = JSON.parse(text);
            if (message.method === 'restartIce') message.data.transportId = 'no-such-transport';
            return real.call(this, JSON.stringify(message));
          };
        }"""
    )
    ana.get("mediad.restartIce()")
    ana.until("a second session", lambda: sessions(ana) == [2])
    ana.until_flowing("ben")
    ben.until_flowing("ana")


def test_first_frame_of_a_late_joiner(
    tabs: Tabs,
    room_id: str,
    record_property: Callable[[str, object], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Reports the median from `join` to the first decoded frame; only a breakage fails."""
    tabs.open(room_id, "ana", audio="false")
    times: list[float] = []
    for number in range(JOINS):
        late = tabs.open(room_id, f"late{number}", produce="false")
        timeline = late.until("a first frame", lambda: first_frame(late))
        times.append(timeline)
        late.close()
    median = statistics.median(times)
    record_property("first_frame_median_ms", round(median))
    with capsys.disabled():
        print(
            f"\n  first frame after join: median {median:.0f} ms of {JOINS},"
            f" from {min(times):.0f} to {max(times):.0f} ms"
        )
    assert median < BREAKAGE_MS


def first_frame(tab: Tab) -> float | None:
    """Milliseconds from the `join` request to the first frame of any consumer, once there is one."""
    timeline = tab.get("mediad.timeline")
    shown = [times["firstFrameMs"] for times in timeline["consumers"].values() if times["firstFrameMs"]]
    return min(shown) - timeline["joinRequestedMs"] if shown else None
