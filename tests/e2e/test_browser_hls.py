"""A room watched over HLS: Chromium sends, another tab plays what the page at /watch/ROOM finds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support.browser import Tab, Tabs
from tests.support.daemon import Daemon
from tests.support.mediactl import run_mediactl

LATENCY_S = 4.0
SEEN = """() => [...mediadWatch.players].map(([peerId, player]) => ({
  peerId, at: player.video.currentTime, width: player.video.videoWidth, latency: player.latencyS,
}))"""


def seen(tab: Tab) -> list[dict[str, Any]]:
    """The streams that the page plays, with the place that each is at."""
    found: list[dict[str, Any]] = tab.get(SEEN)
    return found


def plays(tab: Tab, peer_id: str) -> bool:
    """True when the picture of a peer goes on."""
    first = {one["peerId"]: one for one in seen(tab)}
    tab.pause(1.0)
    last = {one["peerId"]: one for one in seen(tab)}
    return (
        peer_id in first
        and peer_id in last
        and last[peer_id]["width"] > 0
        and last[peer_id]["at"] > first[peer_id]["at"] + 0.3
    )


def test_a_room_is_watched_without_joining(tabs: Tabs, daemon: Daemon, room_id: str) -> None:
    tabs.open(room_id, "ana", forceVP9="true", numSimulcastStreams="1")
    ben = tabs.open(room_id, "ben", forceVP9="true", numSimulcastStreams="1", video="false")
    ben.until_flowing("ana")
    said = run_mediactl(daemon.admin_socket, "hls", "start", room_id)
    assert said.code == 0, said.err
    watcher = tabs.visit(f"/watch/{room_id}", "watcher")
    watcher.until("the picture of ana", lambda: plays(watcher, "ana"))
    watcher.until("the sound of ben", lambda: {"ana", "ben"} <= {one["peerId"] for one in seen(watcher)})
    watcher.until(
        "a latency of at most 4 s",
        lambda: [
            one for one in seen(watcher) if one["peerId"] == "ana" and (one["latency"] or 9) <= LATENCY_S
        ],
    )
    watcher.page.get_by_role("button", name="Sound on").click()
    assert watcher.get("[...mediadWatch.players.values()].every((player) => !player.video.muted)")
    assert run_mediactl(daemon.admin_socket, "hls", "list").row(room_id)
    ben.close()
    tabs.opened.remove(ben)
    watcher.until("ben gone", lambda: [one["peerId"] for one in seen(watcher)] == ["ana"])
    assert run_mediactl(daemon.admin_socket, "hls", "stop", room_id).code == 0
    watcher.until("nobody shown", lambda: seen(watcher) == [])
    assert "Nothing is shown" in watcher.text(".watch-note")
    assert not list(Path("/dev/shm").glob(f"mediad-hls-{daemon.pid}/*/*/*.new"))
