"""Chromium through the real page and the real daemon: media arrives and obeys, as getStats() sees it."""

from __future__ import annotations

from typing import Any, cast

import pytest

from tests.support.browser import Tab, Tabs


def pair(tabs: Tabs, room_id: str) -> tuple[Tab, Tab]:
    """Ana and Ben, who see and hear each other."""
    ana, ben = tabs.open(room_id, "ana"), tabs.open(room_id, "ben")
    ana.until_flowing("ben")
    ben.until_flowing("ana")
    return ana, ben


def test_two_tabs_see_and_hear_each_other(tabs: Tabs, room_id: str) -> None:
    ana, ben = pair(tabs, room_id)
    for tab, other in ((ana, "ben"), (ben, "ana")):
        tab.until_smooth(other)
        video = tab.consumer(other, "webcam")
        assert (video["frameWidth"], video["frameHeight"]) == (320, 240)
        assert video["mimeType"] == "video/VP8"
        assert tab.get("mediad.sessionCount") == 1


def test_the_voice_is_heard(tabs: Tabs, room_id: str) -> None:
    """Chromium's fake microphone beeps: the beep's energy arrives, and hardly anything of it was made up."""
    ana, _ = pair(tabs, room_id)
    before = ana.consumer("ben", "mic")
    ana.until("a beep", lambda: ana.consumer("ben", "mic")["totalAudioEnergy"] > before["totalAudioEnergy"])

    def real() -> bool:
        first = ana.consumer("ben", "mic")
        ana.pause(2)
        last = ana.consumer("ben", "mic")
        heard = last["totalSamplesReceived"] - first["totalSamplesReceived"]
        made_up = last["concealedSamples"] - first["concealedSamples"]
        # Silent concealment is what DTX looks like: not a loss.
        made_up -= last["silentConcealedSamples"] - first["silentConcealedSamples"]
        return bool(heard > 0 and made_up < heard / 10)

    ana.until("two seconds of real samples", real)


def test_three_tabs(tabs: Tabs, room_id: str) -> None:
    names = ["ana", "ben", "cleo"]
    everybody = [tabs.open(room_id, name) for name in names]
    for tab in everybody:
        for other in set(names) - {tab.peer_id}:
            tab.until_flowing(other)
        assert len(tab.consumers()) == 4


def test_a_late_joiner_sees_everybody_and_disturbs_nobody(tabs: Tabs, room_id: str) -> None:
    ana, ben = pair(tabs, room_id)
    ana.until_smooth("ben")
    cleo = tabs.open(room_id, "cleo")
    for other in ("ana", "ben"):
        cleo.until_flowing(other)
    ana.until_flowing("cleo")
    ana.until_smooth("ben")
    ben.until_smooth("ana")


def test_camera_off_and_on(tabs: Tabs, room_id: str) -> None:
    ana, ben = pair(tabs, room_id)
    ana.page.click("[data-control=camera]")
    ben.until("camera off", lambda: ben.consumer("ana", "webcam")["remotelyPaused"])
    ben.until_still("ana", "webcam")
    assert "camera off" in (ben.page.get_attribute("[data-key='ana/camera/0']", "aria-label") or "")
    ana.page.click("[data-control=camera]")
    ben.until_flowing("ana")
    ben.until_smooth("ana")
    assert not ben.consumer("ana", "webcam")["remotelyPaused"]


def test_mute_and_unmute(tabs: Tabs, room_id: str) -> None:
    ana, ben = pair(tabs, room_id)
    ana.page.keyboard.press("m")
    ben.until("muted", lambda: ben.consumer("ana", "mic")["remotelyPaused"])
    ben.until_still("ana", "mic")
    ben.page.wait_for_selector("[data-key='ana/camera/0'] .tile-muted", state="visible")
    assert ben.flows("ana", "webcam")
    ana.page.keyboard.press("m")
    ben.until_flowing("ana", "mic")
    ben.page.wait_for_selector("[data-key='ana/camera/0'] .tile-muted", state="hidden")


@pytest.mark.parametrize("source", ["webcam", "mic"])
def test_a_receiver_pauses_and_resumes(tabs: Tabs, room_id: str, source: str) -> None:
    ana, ben = pair(tabs, room_id)
    consumer = ben.consumer("ana", source)
    ben.get("id => mediad.pauseConsumer(id)", consumer["id"])
    ben.until_still("ana", source)
    assert ana.flows("ben", source), "the other direction goes on"
    ben.get("id => mediad.resumeConsumer(id)", consumer["id"])
    ben.until_flowing("ana", source)
    assert ben.consumer("ana", source)["id"] == consumer["id"]


def test_ice_restart_goes_unnoticed(tabs: Tabs, room_id: str) -> None:
    ana, ben = pair(tabs, room_id)
    ana.until_smooth("ben")

    def remote_fragments() -> set[str]:
        """Return the fragments of the pairs in use; Chromium's statistics know none while pairs change."""
        remotes = [transport.get("remote") for transport in ana.stats()["transports"]]
        return {remote["usernameFragment"] for remote in remotes if remote}

    before = remote_fragments()
    assert len(before) == 2
    ana.get("mediad.restartIce()")
    ana.until("new credentials on both transports", lambda: len(remote_fragments() - before) == 2)
    ana.until_flowing("ben")
    ben.until_flowing("ana")
    ana.until_smooth("ben")
    ben.until_smooth("ana")
    assert ana.get("mediad.sessionCount") == 1
    assert ana.state == "connected"


def test_replicas_multiply_what_is_received(tabs: Tabs, room_id: str) -> None:
    ana = tabs.open(room_id, "ana", consumerReplicas="2")
    tabs.open(room_id, "ben", audio="false")
    ana.until("three videos", lambda: len(ana.consumers("ben", "webcam")) == 3)
    ana.until_flowing("ben", "webcam")
    assert ana.page.locator(".stage .tile:not(.self)").count() == 3


@pytest.mark.parametrize("codec", ["VP9", "H264", "AV1"])
def test_other_codecs(tabs: Tabs, room_id: str, codec: str) -> None:
    ana = tabs.open(room_id, "ana", audio="false", **cast("dict[str, Any]", {f"force{codec}": "true"}))
    ben = tabs.open(room_id, "ben", produce="false")
    known = ana.get("RTCRtpSender.getCapabilities('video').codecs.map(codec => codec.mimeType)")
    if f"video/{codec}" not in known:
        pytest.skip(f"this Chromium cannot send {codec}")
    ben.until_flowing("ana", "webcam")
    assert ben.consumer("ana", "webcam")["mimeType"] == f"video/{codec}"
