"""The page itself in Chromium: lobby, links, buttons, and people whose devices or links are not in order."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.browser import Tabs

REFUSED = (
    "navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('no', 'NotAllowedError'); };"
)
NO_CAMERA = """
const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (wish) => {
  if (wish.video) throw new DOMException('none', 'NotFoundError');
  return real(wish);
};
"""
INSECURE = "Object.defineProperty(navigator, 'mediaDevices', { value: undefined });"
FAKE_SCREEN = """
navigator.mediaDevices.getDisplayMedia = async () => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 360 });
  const pen = canvas.getContext('2d');
  setInterval(() => {
    pen.fillStyle = `hsl(${performance.now() / 20} 80% 50%)`;
    pen.fillRect(0, 0, 640, 360);
  }, 100);
  return canvas.captureStream(10);
};
"""


def test_from_the_lobby_into_a_call(tabs: Tabs, room_id: str) -> None:
    ana = tabs.visit("/?resolution=320x240&frameRate=15&peerId=ana", "ana")
    room, name = ana.page.get_by_label("Room"), ana.page.get_by_label("Your name")
    assert room.input_value()
    assert name.input_value()
    assert ana.state == "idle"
    room.fill(room_id)
    name.fill("Ana Lima")
    ana.page.get_by_role("button", name="Join").click()
    ana.until_connected()
    assert f"roomId={room_id}" in ana.page.url
    ana.page.wait_for_selector("text=Nobody else is here yet")

    ben = tabs.visit(f"/?roomId={room_id}&lobby=true&resolution=320x240&frameRate=15&peerId=ben", "ben")
    assert ben.page.get_by_label("Room").input_value() == room_id
    ben.page.keyboard.press("Enter")
    ben.until_flowing("ana")
    ana.until_flowing("ben")
    assert ben.text("[data-key='ana/camera/0'] .tile-name") == "Ana Lima"


def test_the_lobby_insists_on_a_room_and_a_name(tabs: Tabs) -> None:
    tab = tabs.visit("/?peerId=ana", "ana")
    tab.page.get_by_label("Room").fill("   ")
    tab.page.get_by_role("button", name="Join").click()
    tab.pause(0.5)
    assert tab.state == "idle"
    assert tab.page.get_by_label("Room").is_visible()


def test_leaving_is_seen_and_lets_the_devices_go(tabs: Tabs, room_id: str) -> None:
    ana, ben = tabs.open(room_id, "ana"), tabs.open(room_id, "ben")
    ben.until_flowing("ana")
    ana.page.click("[data-control=leave]")
    ana.page.wait_for_selector("text=You left the call")
    ben.until("ana gone", lambda: ben.get("mediad.peers") == [])
    assert ben.page.locator("[data-key='ana/camera/0']").count() == 0
    assert ana.get("mediad.producers") == []
    ana.page.get_by_role("button", name="Rejoin").click()
    ben.until_flowing("ana")


def test_closing_a_tab_is_leaving(tabs: Tabs, room_id: str) -> None:
    ana, ben = tabs.open(room_id, "ana"), tabs.open(room_id, "ben")
    ben.until_flowing("ana")
    ana.page.close()
    ben.until("ana gone", lambda: ben.get("mediad.peers") == [])


@pytest.mark.parametrize(
    ("script", "words"),
    [(REFUSED, "may not use your microphone and camera"), (INSECURE, "only over https")],
    ids=["refused", "insecure"],
)
def test_without_devices_one_still_watches(tabs: Tabs, room_id: str, script: str, words: str) -> None:
    tabs.open(room_id, "ana")
    ben = tabs.open(room_id, "ben", script=script)
    ben.page.wait_for_selector(f".toast:has-text('{words}')")
    ben.until_flowing("ana")
    assert ben.get("mediad.producers") == []


def test_a_missing_camera_leaves_the_microphone(tabs: Tabs, room_id: str) -> None:
    ana, ben = tabs.open(room_id, "ana", script=NO_CAMERA), tabs.open(room_id, "ben")
    ana.page.wait_for_selector(".toast:has-text('No camera was found')")
    ben.until_flowing("ana", "mic")
    assert [producer["source"] for producer in ana.get("mediad.producers")] == ["mic"]


def test_watch_only_and_send_only(tabs: Tabs, room_id: str) -> None:
    watcher = tabs.open(room_id, "watcher", produce="false")
    sender = tabs.open(room_id, "sender", consume="false")
    third = tabs.open(room_id, "third")
    watcher.until_flowing("sender")
    watcher.until_flowing("third")
    third.until_flowing("sender")
    assert watcher.get("mediad.producers") == []
    assert sender.consumers() == []
    assert third.consumers("watcher") == []
    assert not watcher.page.is_visible("[data-control=mic]")


def test_sharing_a_screen(tabs: Tabs, room_id: str) -> None:
    ana, ben = tabs.open(room_id, "ana", script=FAKE_SCREEN), tabs.open(room_id, "ben")
    ben.until_flowing("ana")
    ana.page.keyboard.press("s")
    ben.until_flowing("ana", "share")
    tile = ben.page.locator("[data-key='ana/screen/0']")
    tile.wait_for(state="visible")
    assert "main" in (tile.get_attribute("class") or "").split()
    ana.page.keyboard.press("s")
    ben.until("the screen gone", lambda: ben.consumers("ana", "share") == [])
    tile.wait_for(state="detached")
    assert ben.flows("ana", "webcam")


def test_a_new_name_reaches_the_others(tabs: Tabs, room_id: str) -> None:
    ana, ben = tabs.open(room_id, "ana", audio="false"), tabs.open(room_id, "ben", audio="false")
    ben.until_flowing("ana", "webcam")
    ana.page.click("[data-control=settings]")
    ana.page.get_by_label("Your name").fill("Ana Maria")
    ana.page.keyboard.press("Enter")
    ben.page.wait_for_selector("[data-key='ana/camera/0'] .tile-name:text-is('Ana Maria')")


def test_a_speaker_is_outlined(tabs: Tabs, room_id: str) -> None:
    """The fake microphones beep; whoever is loudest at the moment is marked."""
    ana, ben = tabs.open(room_id, "ana"), tabs.open(room_id, "ben", produce="false")
    ben.until("ana speaking", lambda: ben.get("mediad.activeSpeaker") == "ana")
    ben.page.wait_for_selector("[data-key='ana/camera/0'].speaking .speaking-mark")
    ana.page.keyboard.press("m")
    ben.until("silence", lambda: ben.get("mediad.activeSpeaker") is None)


@pytest.mark.parametrize(
    "query", ["roomId=" + "x" * 200, "roomId=r&peerId=" + "y" * 200], ids=["room", "peer"]
)
def test_a_broken_link_leads_to_the_lobby_with_a_word(tabs: Tabs, query: str) -> None:
    tab = tabs.visit(f"/?{query}", "ana")
    tab.page.wait_for_selector(".lobby-problem:has-text('128 characters')")
    assert tab.state == "idle"


def test_nonsense_in_the_query_is_survived(tabs: Tabs, room_id: str) -> None:
    nonsense: dict[str, Any] = {
        "consumerReplicas": "undefined",
        "numSimulcastStreams": "-7",
        "resolution": "wide",
        "frameRate": "fast",
        "displayName": "<img src=x onerror=alert(1)>",
    }
    ana = tabs.open(room_id, "ana", **nonsense)
    ben = tabs.open(room_id, "ben")
    ben.until_flowing("ana")
    ana.until_flowing("ben")
    assert ben.text("[data-key='ana/camera/0'] .tile-name") == nonsense["displayName"]


def test_an_unknown_simulcast_mode_is_reported_not_fatal(tabs: Tabs, room_id: str) -> None:
    ana = tabs.open(room_id, "ana", webcamScalabilityMode="nonsense")
    ben = tabs.open(room_id, "ben")
    ben.until_flowing("ana", "mic")
    ana.until_flowing("ben")


def test_a_wrong_request_is_an_error_and_the_call_goes_on(tabs: Tabs, room_id: str) -> None:
    ana, ben = tabs.open(room_id, "ana"), tabs.open(room_id, "ben")
    ana.until_flowing("ben")
    for method, data in (("noSuchMethod", {}), ("pauseConsumer", {"consumerId": 7}), ("join", {})):
        reason = ana.get("([m, d]) => mediad.request(m, d).then(() => '', (e) => e.message)", [method, data])
        assert reason != ""
    assert ana.flows("ben", "webcam")
    assert ben.state == "connected"


def test_the_page_fits_a_phone(tabs: Tabs, room_id: str) -> None:
    tab = tabs.open(room_id, "ana", viewport=(360, 640))
    tabs.open(room_id, "ben")
    tab.until_flowing("ben")
    assert tab.get("document.documentElement.scrollWidth") <= 360
    boxes = tab.get(
        "[...document.querySelectorAll('.toolbar button')].map(b => b.getBoundingClientRect().toJSON())"
    )
    assert all(
        box["left"] >= 0 and box["right"] <= 360 and box["bottom"] <= 640 for box in boxes if box["width"]
    )


def test_every_control_has_a_name(tabs: Tabs, room_id: str) -> None:
    tab = tabs.open(room_id, "ana")
    tabs.open(room_id, "ben", audio="false")
    tab.until_flowing("ben", "webcam")
    buttons = "[...document.querySelectorAll('button')]"
    names = tab.get(f"{buttons}.map(button => button.getAttribute('aria-label') || button.innerText.trim())")
    assert len(names) >= 6
    assert all(names)
