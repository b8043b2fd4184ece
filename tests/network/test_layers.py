"""Layers asked for one after the other, codec by codec: each ends in decoded pictures of that size."""

from __future__ import annotations

import random
import statistics
from collections.abc import Iterator
from itertools import pairwise

import pytest

from tests.network.conftest import Report
from tests.support.browser import Tab
from tests.support.lab_browsers import LabBrowsers
from tests.support.network_lab import NetworkLab
from tests.support.shaped_link import Shape

pytestmark = pytest.mark.network

SWITCHES = 8
PATIENCE_S = 15
SIMULCAST = {"resolution": "640x360", "frameRate": "20", "numSimulcastStreams": "2"}
LAYERED = {"resolution": "640x360", "frameRate": "15", "webcamScalabilityMode": "L2T3_KEY"}
KINDS = {
    "VP8": (SIMULCAST, (320, 640)),
    "H264": (SIMULCAST, (320, 640)),
    "VP9": (LAYERED, (320, 640)),
    "AV1": (LAYERED, (320, 640)),
}

SWITCH = """async ([id, layer, width, patienceMs]) => {
  const start = performance.now();
  const video = async () => (await mediad.stats()).consumers.find((one) => one.id === id);
  await mediad.setPreferredLayers(id, layer, 2);
  let seen = null;
  while (performance.now() < start + patienceMs) {
    const { frameWidth, framesDecoded } = await video();
    if (frameWidth !== width) seen = null;
    else if (seen === null) seen = { framesDecoded, ms: performance.now() - start };
    else if (framesDecoded > seen.framesDecoded) return seen.ms;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return null;
}"""


@pytest.fixture
def ben(lab: NetworkLab, browsers: LabBrowsers, codec: str) -> Iterator[Tab]:
    """He receives Ana's camera in that codec, over a good home connection."""
    for client in ("ana", "ben"):
        lab.client(client).link.set(up=Shape(delay_ms=10), down=Shape(delay_ms=10))
    ana = browsers.open(
        "ana", codec, "ana", consume="false", audio="false", **{f"force{codec}": "true"}, **KINDS[codec][0]
    )
    known = ana.get("RTCRtpSender.getCapabilities('video').codecs.map((codec) => codec.mimeType)")
    if f"video/{codec}" not in known:
        browsers.close_tabs()
        pytest.skip(f"this Chromium cannot send {codec}")
    ben = browsers.open("ben", codec, "ben", produce="false")
    ben.until_flowing("ana", "webcam")
    yield ben
    browsers.close_tabs()


@pytest.mark.parametrize("codec", list(KINDS))
def test_every_switch_ends_in_pictures(ben: Tab, report: Report, codec: str) -> None:
    _, widths = KINDS[codec]
    consumer = ben.consumer("ana", "webcam")["id"]
    switch(ben, consumer, len(widths) - 1, widths)
    before = ben.consumer("ana", "webcam")
    times = [switch(ben, consumer, layer, widths) for layer in wishes(len(widths))]
    after = ben.consumer("ana", "webcam")
    refused = after["pliCount"] - before["pliCount"]
    slowest = f"slowest {max(times):.0f} ms"
    report(f"{codec}: {len(times)} switches", f"median {statistics.median(times):.0f} ms, {slowest}")
    report(f"{codec}: pictures the decoder could not use", str(refused), "0")
    assert after["mimeType"] == f"video/{codec}"
    assert refused == 0


def wishes(layers: int) -> list[int]:
    """Random ones, but never the same twice in a row; the first is not the highest."""
    chance = random.Random(layers)
    chosen = [layers - 1]
    while len(chosen) <= SWITCHES:
        chosen.append(chance.choice([layer for layer in range(layers) if layer != chosen[-1]]))
    assert all(one != other for one, other in pairwise(chosen))
    return chosen[1:]


def switch(ben: Tab, consumer: str, layer: int, widths: tuple[int, ...]) -> float:
    """Milliseconds from the wish to the first decoded picture of that size."""
    took = ben.get(SWITCH, [consumer, layer, widths[layer], PATIENCE_S * 1000])
    assert took is not None, f"no picture {widths[layer]} wide: {ben.describe()}"
    return float(took)
