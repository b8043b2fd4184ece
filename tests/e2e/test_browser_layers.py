"""Layers of real encoders, changed at random before the eyes of a real decoder, for each way of layering.

Each change must end in decoded frames of the layer's size which look as they were sent, without a key frame
request by the receiver: that would mean that it could not decode what it got. Only a sender that leaves a
layer out is no fault of the server, if a recording of what it sent shows that. How long it took is printed
(pytest -s), and only a breakage fails. `LAYER_CHANGES=100` makes a hundred changes each and counts the frames
behind every one of them; otherwise a few.
"""

from __future__ import annotations

import os
import random
import statistics
import time
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.browser import Tabs
from tests.support.daemon import Daemon
from tests.support.layer_record import URI, Recording, recording
from tests.support.layer_watch import Change, LayerWatch, growth

CHANGES = int(os.environ.get("LAYER_CHANGES", "4"))
THOROUGH = CHANGES >= 50
BREAKAGE_MS = 1500
LIKENESS = 0.9  # coded and scaled pictures are above 0.97; half of a picture missing is not above 0.7
SHARES = (0.25, 0.5, 1.0)
"""The shares of all frames that are of temporal layer 0, of 0 and 1, and of all three."""


@dataclass(frozen=True, slots=True)
class Way:
    """A way of sending a camera."""

    codec: str
    mode: str
    simulcast: bool = False

    @property
    def query(self) -> dict[str, str]:
        query = {f"force{self.codec}": "true", "webcamScalabilityMode": self.mode}
        return query | ({"numSimulcastStreams": "3"} if self.simulcast else {})

    @property
    def spatial_layers(self) -> int:
        """The number of spatial layers of one stream."""
        return int(self.mode[1])


WAYS = {
    "vp8-simulcast": Way("VP8", "L1T3", simulcast=True),
    "h264-simulcast": Way("H264", "L1T3", simulcast=True),
    "vp9-simulcast": Way("VP9", "L1T3", simulcast=True),
    "av1-simulcast": Way("AV1", "L1T3", simulcast=True),
    "vp9-svc": Way("VP9", "L3T3"),
    "vp9-k-svc": Way("VP9", "L3T3_KEY"),
    "av1-svc": Way("AV1", "L3T3"),
    "av1-k-svc": Way("AV1", "L3T3_KEY"),
}


@pytest.mark.parametrize("name", WAYS)
def test_layers_change(
    tabs: Tabs, daemon: Daemon, room_id: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with recording(daemon.rtc_base_port) as record:
        change_layers(tabs, record, room_id, name, capsys)


def change_layers(
    tabs: Tabs, record: Recording, room_id: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    way, chance = WAYS[name], random.Random(name)
    watch = LayerWatch(tabs, room_id, way.query, spatial_layers=way.spatial_layers)
    if not watch.can_send(way.codec):
        pytest.skip(f"this Chromium cannot send {way.codec}")
    watch.until_everything_is_sent(3)
    watch.receiver.until_smooth("ana")  # the sender's own estimate has found its place
    watch.until_everything_is_sent(3)
    record.extension_id = watch.extension_id(URI)
    widths, before = watch.widths(), watch.received
    layers, changes, likenesses = (2, 2), list[tuple[bool, Change]](), list[float]()
    left_out = 0
    for _ in range(CHANGES):
        wish = chance.choice([(s, t) for s in range(3) for t in range(3) if (s, t) != layers])
        began_s = time.monotonic()
        change = watch.change(*wish, widths[wish[0]])
        if None in (change.told_ms, change.shown_ms):
            # Short of time or bandwidth, Chromium leaves out upper layers: nobody can forward those.
            known = f"{layers} → {wish}: {change}; {watch.consumer_stats()}\n{record.show(began_s)}"
            assert way.spatial_layers > 1, known
            assert record.left_out(wish[0], began_s), known
            left_out, layers = left_out + 1, wish
            continue
        changes.append((wish[0] != layers[0], change))
        layers = wish
        likenesses.append(watch.likeness(LIKENESS))
        if THOROUGH:
            watch.until_share(wish[0], SHARES[wish[1]])
        watch.receiver.pause(chance.uniform(0.1, 0.5))
    after = watch.received
    assert len(changes) > left_out, "a sender that mostly leaves layers out proves nothing"
    with capsys.disabled():
        print(f"\n  {name}: {figures(changes)}; likeness {min(likenesses):.2f}; left out: {left_out}")
        print(f"    {health(watch, before)}")
    if not left_out:
        assert growth(before, after, "pliCount") == {"pliCount": 0}
    assert min(likenesses) >= LIKENESS


def figures(changes: list[tuple[bool, Change]]) -> str:
    parts = []
    shown = [change.shown_ms for spatial, change in changes if spatial and change.shown_ms is not None]
    told = [change.told_ms for spatial, change in changes if not spatial and change.told_ms is not None]
    for what, times in (("spatial", shown), ("temporal", told)):
        if times:
            assert statistics.median(times) < BREAKAGE_MS
            parts.append(
                f"{what} median {statistics.median(times):.0f} ms of {len(times)}, at most {max(times):.0f}"
            )
    return "; ".join(parts)


def health(watch: LayerWatch, before: dict[str, Any]) -> str:
    """Return the receiver's losses since then, and the server's estimate of its link."""
    grown = growth(
        before,
        watch.received,
        "framesDecoded",
        "keyFramesDecoded",
        "framesDropped",
        "freezeCount",
        "nackCount",
    )
    transport = watch.receiver.get(
        "mediad.request('getTransportStats', { transportId: mediad.transports.recv.id })"
    )[0]
    return (
        " ".join(f"{name} {count}" for name, count in grown.items())
        + f"; layers for {watch.consumer_stats()['layersReason']}"
        + f", estimate {transport.get('availableOutgoingBitrate', 0) / 1e6:.1f} Mbit/s"
    )


@pytest.mark.parametrize("codec", ["VP8", "H264", "VP9", "AV1"])
def test_temporal_layers_of_one_stream(tabs: Tabs, room_id: str, codec: str) -> None:
    """The base layer is a quarter of the frames, and none of them is missed by the decoder."""
    way = Way(codec, "L1T3")
    watch = LayerWatch(tabs, room_id, {**way.query, "resolution": "480x270", "numSimulcastStreams": "1"})
    if not watch.can_send(codec):
        pytest.skip(f"this Chromium cannot send {codec}")
    watch.until_everything_is_sent(1)
    (width,), before = watch.widths(), watch.received
    for temporal in (0, 2, 1):
        assert watch.change(0, temporal, width).told_ms is not None
        watch.until_share(0, SHARES[temporal])
    assert growth(before, watch.received, "pliCount", "keyFramesDecoded") == {
        "pliCount": 0,
        "keyFramesDecoded": 0,
    }
    assert watch.likeness(LIKENESS) >= LIKENESS


@pytest.mark.parametrize(("codec", "layers"), [("VP8", 2), ("VP9", 1), ("AV1", 3)])
def test_layers_of_a_shared_screen(tabs: Tabs, room_id: str, codec: str, layers: int) -> None:
    """The page sends a shared screen this way by default."""
    query = {f"force{codec}": "true", "video": "false"}
    spatial_layers = 3 if codec == "AV1" else 1
    watch = LayerWatch(tabs, room_id, query, spatial_layers=spatial_layers, source="share")
    watch.sender.until_connected()
    watch.sender.page.keyboard.press("s")
    watch.until_everything_is_sent(layers)
    widths, before = watch.widths(), watch.received
    for spatial, temporal in ((0, 0), (layers - 1, 2), (0, 2), (layers - 1, 1)):
        assert watch.change(spatial, temporal, widths[spatial]).shown_ms is not None
        assert watch.likeness(LIKENESS) >= LIKENESS
    assert growth(before, watch.received, "pliCount") == {"pliCount": 0}
