"""Chromium over TCP alone: the same call, through passive candidates."""

from __future__ import annotations

from typing import Any

from tests.support.browser import Tab, Tabs
from tests.support.daemon import Daemon
from tests.support.layer_watch import THREE_LAYERS


def tuples(tab: Tab) -> list[dict[str, Any]]:
    """The selected tuple of each transport of a tab, as the server tells it."""
    ask = "mediad.request('getTransportStats', { transportId: mediad.transports.%s.id })"
    return [tab.get(ask % direction)[0]["iceSelectedTuple"] for direction in ("send", "recv")]


def layers_sent(tab: Tab) -> int:
    """Return the number of encodings of the camera that have left so far."""
    (camera,) = [one for one in tab.stats()["producers"] if one["source"] == "webcam"]
    return sum(encoding["packetsSent"] > 0 for encoding in camera["encodings"])


def test_a_call_over_tcp_alone(tabs: Tabs, daemon: Daemon, room_id: str) -> None:
    """Conformance 11: a client of TCP alone connects through a passive candidate."""
    ana = tabs.open(room_id, "ana", forceTcp="true", numSimulcastStreams="3", **THREE_LAYERS)
    ben = tabs.open(room_id, "ben", forceTcp="true")
    for tab, other in ((ana, "ben"), (ben, "ana")):
        tab.until_flowing(other)
        assert {one["protocol"] for one in tuples(tab)} == {"tcp"}
        assert {one["localPort"] for one in tuples(tab)} == {daemon.rtc_base_port}
    ana.until("three layers", lambda: layers_sent(ana) == 3)
    for tab, other in ((ana, "ben"), (ben, "ana")):
        tab.until_smooth(other, seconds=4.0)
