"""Messages of the page about faults: each stands where its cause is."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest
from playwright.sync_api import Browser

from tests.support.browser import Tab, Tabs
from tests.support.daemon import Daemon
from tests.support.loops import until_sync
from tests.support.mediactl import run_mediactl as mediactl

SECRET = "a secret of more than thirty-two characters"
NOTHING = (
    "navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('no', 'NotFoundError'); };"
)
DENIED = NOTHING.replace("NotFoundError", "NotAllowedError")
NO_MICROPHONE = """
const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (wish) => {
  if (wish.audio) throw new DOMException('none', 'NotFoundError');
  return real(wish);
};
"""
SEEN = os.environ.get("PAGE_PICTURES")
"""A folder for a picture of each state, for people."""


def look(tab: Tab, name: str) -> None:
    if SEEN:
        tab.page.screenshot(path=str(Path(SEEN) / f"{name}.png"))


def says(tab: Tab, *texts: str, where: str = "body") -> None:
    for text in texts:
        tab.page.locator(where).filter(has_text=text).first.wait_for(timeout=60_000)


def test_two_tabs_on_the_printed_address_meet(tabs: Tabs, daemon: Daemon) -> None:
    """Open the address that the daemon prints twice, and see yourself twice, as the README says."""
    until_sync(lambda: "is ready: open " in daemon.log)
    line = next(line for line in daemon.log.splitlines() if "is ready: open " in line)
    url = line.partition("open ")[2].split()[0]
    assert url.startswith(f"{daemon.url}/?")
    path = f"{url.removeprefix(daemon.url)}&resolution=320x240&frameRate=15"
    first, second = tabs.visit(path, "first"), tabs.visit(path, "second")
    for one, other in ((first, second), (second, first)):
        one.until_connected()
        one.until_flowing(str(other.get("mediad.peerId")))


def test_a_removed_person_reads_the_operators_word(tabs: Tabs, daemon: Daemon, room_id: str) -> None:
    ana, ben = tabs.open(room_id, "ana", produce="false"), tabs.open(room_id, "ben", produce="false")
    ana.until_connected()
    ben.until_connected()
    mediactl(daemon.admin_socket, "peer", "kick", room_id, "ana", "--reason", "Please use your own name")
    says(ana, "You were removed from this call", "Please use your own name")
    look(ana, "kicked")
    assert ana.state == "removed"
    assert ana.page.get_by_text("another window").count() == 0
    mediactl(daemon.admin_socket, "room", "close", room_id)
    says(ben, "You were removed from this call", "the room was closed by an operator")
    look(ben, "closed")


def test_a_second_window_says_so(tabs: Tabs, room_id: str) -> None:
    first = tabs.open(room_id, "ana", produce="false")
    first.until_connected()
    second = tabs.open(room_id, "ana", produce="false")
    second.until_connected()
    says(first, "This call goes on in another window")
    look(first, "replaced")
    assert first.page.get_by_text("operator").count() == 0


def test_a_draining_node_says_that_it_takes_no_calls(tabs: Tabs, daemon: Daemon, room_id: str) -> None:
    mediactl(daemon.admin_socket, "drain", "--no-wait")
    try:
        tab = tabs.open(room_id, "ana", produce="false")
        says(tab, "The server takes no new calls", "Trying again", where=".status")
        look(tab, "draining")
        assert "No answer" not in tab.text(".status")
    finally:
        mediactl(daemon.admin_socket, "undrain")
    tab.until_connected()
    assert tab.text(".status") == "Connected"


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (DENIED, "The browser may not use your microphone and camera. Others cannot hear or see you."),
        (NOTHING, "No microphone and no camera was found. Others cannot hear or see you."),
        (NO_MICROPHONE, "No microphone was found. Others cannot hear you."),
    ],
    ids=["denied", "nothing", "no-microphone"],
)
def test_devices(tabs: Tabs, room_id: str, script: str, words: str) -> None:
    """Faults show in the lobby and in the call; the camera's does not replace the microphone's."""
    lobby = tabs.visit(f"/?roomId={room_id}&lobby=true", "ana", script=script)
    says(lobby, words, where=".lobby-problem")
    look(lobby, "lobby-" + words[:20].replace(" ", "-"))
    call = tabs.open(room_id, "ben", script=script)
    says(call, words, where=".toast")
    call.until_connected()
    look(call, "call-" + words[:20].replace(" ", "-"))


def test_a_microphone_that_goes_away_is_told(tabs: Tabs, room_id: str) -> None:
    script = """
      const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
      window.given = [];
      navigator.mediaDevices.getUserMedia = async (wish) => {
        const stream = await real(wish);
        window.given.push(...stream.getTracks());
        return stream;
      };
    """
    tab = tabs.open(room_id, "ana", script=script, video="false")
    tab.until_connected()
    tab.get("given.filter((t) => t.kind === 'audio').forEach((t) => t.dispatchEvent(new Event('ended')))")
    says(tab, "Your microphone has stopped", "Others cannot hear you", where=".toast")


# -- daemons of their own ------------------------------------------------------------------------------------


@pytest.fixture
def strict(browser: Browser) -> Iterator[tuple[Daemon, Tabs]]:
    """A node with tokens, and room for one in each room."""
    with Daemon(workers=1, jwt_secrets=SECRET, max_peers_per_room=1) as daemon:
        tabs = Tabs(browser, daemon.url)
        yield daemon, tabs
        tabs.close()


def test_tokens_and_full_rooms(strict: tuple[Daemon, Tabs], room_id: str) -> None:
    daemon, tabs = strict
    until_sync(lambda: "open " + daemon.url + "/ with a token" in daemon.log)
    stranger = tabs.open(room_id, "ana", produce="false")
    says(stranger, "You cannot enter this room", "Ask for a new link", "a token is required")
    look(stranger, "no-token")
    assert stranger.state == "refused"
    old = jwt.encode({"exp": int(time.time()) - 3600}, SECRET, algorithm="HS256")
    says(tabs.open(room_id, "ana", produce="false", token=old), "Your invitation has expired")
    token = jwt.encode({"exp": int(time.time()) + 3600}, SECRET, algorithm="HS256")
    first = tabs.open(room_id, "ana", produce="false", token=token)
    first.until_connected()
    late = tabs.open(room_id, "ben", produce="false", token=token)
    says(late, "This room is full. You come in when somebody leaves.", where=".status")
    look(late, "full")
    first.page.click("[data-control=leave]")
    late.until_connected()


def test_a_worker_that_dies_and_a_server_that_is_gone(browser: Browser, room_id: str) -> None:
    with Daemon(workers=1) as daemon:
        tabs = Tabs(browser, daemon.url)
        tab = tabs.open(room_id, "ana", produce="false")
        tab.until_connected()
        tab.get(
            """() => {
              window.said = [];
              const status = document.querySelector('.status');
              new MutationObserver(() => said.push(status.textContent)).observe(
                status, { childList: true, characterData: true, subtree: true });
            }"""
        )
        daemon.kill_worker(0)
        tab.until("another session", lambda: tab.get("mediad.sessionCount") > 1 and tab.state == "connected")
        assert any("A part of the server failed. Trying again…" in text for text in tab.get("said"))
        daemon.stop()
        says(tab, "No answer from the server. Trying again…", where=".status")
        look(tab, "no-answer")
        tabs.close()
