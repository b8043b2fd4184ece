"""Chromium's camera in two encodings: everybody sees the one he wants, and what nobody receives is not sent.

A module of its own, with a browser of its own: tabs share the camera, and who opens it while the tab of
another test is still closing gets that one's size, and with it fewer encodings.
"""

from __future__ import annotations

from typing import Any

from tests.support.browser import Tab, Tabs

LAYERED: dict[str, Any] = {"resolution": "640x360", "audio": "false"}
"""A camera that is sent twice: 320 and 640 pixels wide."""

DEAF = """
const set = RTCRtpSender.prototype.setParameters;
RTCRtpSender.prototype.setParameters = function (parameters) {
  for (const encoding of parameters.encodings) encoding.active = true;
  return set.call(this, parameters);
};
"""
"""A browser whose encodings no client can put to sleep."""


def encodings(sender: Tab) -> list[dict[str, Any]]:
    cameras = [one for one in sender.stats()["producers"] if one["source"] == "webcam"]
    return [one for camera in cameras for one in camera["encodings"] if "rid" in one]


def bytes_sent(sender: Tab) -> dict[str, int]:
    return {one["rid"]: one["bytesSent"] for one in encodings(sender)}


def until_asleep(sender: Tab) -> None:
    """Wait for two seconds in which the lower encoding was sent and the upper one was not."""

    def asleep() -> bool:
        before = bytes_sent(sender)
        sender.pause(2)
        after = bytes_sent(sender)
        return bool(
            {"r0", "r1"} <= set(before) and after["r0"] > before["r0"] and after["r1"] == before["r1"]
        )

    sender.until("the upper encoding asleep", asleep)


def until_wide(viewer: Tab, width: int, peer_id: str = "ana") -> None:
    viewer.until(
        f"a picture {width} wide",
        lambda: [one.get("frameWidth") for one in viewer.consumers(peer_id, "webcam")] == [width],
    )
    viewer.until_flowing(peer_id, "webcam")


def test_everybody_sees_the_encoding_he_wants(tabs: Tabs, room_id: str) -> None:
    ana, ben = tabs.open(room_id, "ana", **LAYERED), tabs.open(room_id, "ben", **LAYERED)
    until_wide(ana, 640, "ben")
    consumer_id = ana.consumer("ben", "webcam")["id"]
    for spatial_layer in (0, 1, 0):
        ana.get("([id, layer]) => mediad.setPreferredLayers(id, layer, 2)", [consumer_id, spatial_layer])
        until_wide(ana, (320, 640)[spatial_layer], "ben")
    assert ana.consumer("ben", "webcam")["layers"]["spatialLayer"] == 0
    until_wide(ben, 640)  # one receiver's wish is its own


def test_the_upper_encoding_sleeps_until_it_is_wanted(tabs: Tabs, room_id: str) -> None:
    ana = tabs.open(room_id, "ana", **LAYERED)
    ben = tabs.open(room_id, "ben", produce="false")
    until_wide(ben, 640)
    consumer_id = ben.consumer("ana", "webcam")["id"]
    for _ in range(2):
        ben.get("id => mediad.setPreferredLayers(id, 0)", consumer_id)
        until_wide(ben, 320)
        until_asleep(ana)
        ben.until_smooth("ana")
        ben.get("id => mediad.setPreferredLayers(id, 1)", consumer_id)
        until_wide(ben, 640)
        ben.until_smooth("ana")


def test_a_sender_alone_sends_little_and_a_joiner_has_it_all(tabs: Tabs, room_id: str) -> None:
    ana = tabs.open(room_id, "ana", **LAYERED)
    ana.until("the camera", lambda: len(encodings(ana)) == 2)
    until_asleep(ana)
    ben = tabs.open(room_id, "ben", produce="false")
    until_wide(ben, 640)


def test_it_sleeps_and_wakes_after_a_full_rejoin_as_well(tabs: Tabs, room_id: str) -> None:
    ana = tabs.open(room_id, "ana", **LAYERED)
    ana.until("the camera", lambda: len(encodings(ana)) == 2)
    until_asleep(ana)
    ana.get("mediad.reconnect()")
    ana.until("a second session", lambda: ana.get("mediad.sessionCount") == 2)
    until_asleep(ana)
    ana.get("mediad.restartIce()")
    ben = tabs.open(room_id, "ben", produce="false")
    until_wide(ben, 640)
    ana.get("mediad.setWebcam(false)")
    ben.until_still("ana", "webcam")
    ana.get("mediad.setWebcam(true)")
    until_wide(ben, 640)


def test_who_does_not_obey_is_held_back_by_bitrate(tabs: Tabs, room_id: str) -> None:
    ana = tabs.open(room_id, "ana", script=DEAF, **LAYERED)
    ben = tabs.open(room_id, "ben", produce="false")
    until_wide(ben, 640)
    consumer_id = ben.consumer("ana", "webcam")["id"]
    ben.get("id => mediad.setPreferredLayers(id, 0)", consumer_id)
    until_wide(ben, 320)
    until_asleep(ana)
    ben.until_smooth("ana")
    ben.get("id => mediad.setPreferredLayers(id, 1)", consumer_id)
    until_wide(ben, 640)
