"""Codecs that mediad only passes through, in Chromium; and Opus that is silent for long."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.support.browser import Tab, Tabs
from tests.support.daemon import Daemon

KEPT_MICROPHONE = """
const ask = MediaDevices.prototype.getUserMedia;
MediaDevices.prototype.getUserMedia = async function (wishes) {
  const stream = await ask.call(this, wishes);
  window.microphones = [...(window.microphones ?? []), ...stream.getAudioTracks()];
  return stream;
};
"""
SILENCE_S = 8.0
DTX_PACKETS_PER_S = 10.0
"""Chromium sends 2.5 a second in silence, and 50 a second of speech."""


@pytest.fixture
def phones(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Tabs]:
    """Tabs on a daemon whose rooms have one codec."""
    codec = {"kind": "audio", "mimeType": request.param, "clockRate": 8000}
    with Daemon(workers=1, media_codecs=json.dumps([codec])) as daemon:
        tabs = Tabs(browser, daemon.url)
        yield tabs
        tabs.close()


@pytest.mark.parametrize("phones", ["audio/PCMU", "audio/PCMA", "audio/G722"], indirect=True)
def test_telephone_codecs_pass_through(phones: Tabs, room_id: str, request: pytest.FixtureRequest) -> None:
    phones.open(room_id, "ana", video="false")
    ben = phones.open(room_id, "ben", produce="false")
    ben.until_flowing("ana", "mic")
    consumer_id = ben.consumer("ana", "mic")["id"]
    served = ben.get("consumerId => mediad.request('getConsumerStats', { consumerId })", consumer_id)
    assert served[0]["mimeType"] == request.node.callspec.params["phones"]


def packets(tab: Tab) -> int:
    return int(tab.consumer("ana", "mic").get("packetsReceived", 0))


def test_opus_comes_back_after_a_long_silence(tabs: Tabs, room_id: str) -> None:
    ana = tabs.open(room_id, "ana", script=KEPT_MICROPHONE)
    ben = tabs.open(room_id, "ben", produce="false")
    ben.until_flowing("ana", "mic")
    ana.get("microphones.forEach((track) => { track.enabled = false; })")
    ben.pause(1.0)
    before = packets(ben)
    ben.pause(SILENCE_S)
    assert packets(ben) - before < DTX_PACKETS_PER_S * SILENCE_S
    ana.get("microphones.forEach((track) => { track.enabled = true; })")
    ben.until_flowing("ana", "mic")
    assert ben.consumer("ana", "mic")["score"]["producerScore"] == 10
