"""A bad network on purpose, in Chromium: one client asks for it and notices, the others do not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Error

from tests.support.browser import Tab, Tabs
from tests.support.daemon import Daemon

SECRET = "secret of this test"


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    with Daemon(workers=1, network_throttle_secret=SECRET) as daemon:
        yield daemon


def throttle(tab: Tab, **values: float) -> None:
    asked = {"secret": SECRET, **values}
    tab.get("asked => mediad.request('applyNetworkThrottle', asked)", asked)


def round_trip_ms(tab: Tab) -> float:
    """Return the latest round trip of a check of its receiving transport."""
    (transport,) = (entry for entry in tab.stats()["transports"] if entry["direction"] == "recv")
    return 1000 * float(transport.get("pair", {}).get("currentRoundTripTime", 0))


def test_a_bad_network_on_purpose(tabs: Tabs, room_id: str) -> None:
    ana, ben = tabs.open(room_id, "ana"), tabs.open(room_id, "ben")
    for tab, other in ((ana, "ben"), (ben, "ana")):
        tab.until_flowing(other)
    throttle(ben, rtt=400)
    ben.until("long round trips", lambda: round_trip_ms(ben) >= 400)
    assert round_trip_ms(ana) < 300
    ben.until_flowing("ana")
    throttle(ben, packetLoss=100)
    ben.until_still("ana", "webcam")
    ana.until_still("ben", "webcam")
    ben.get("secret => mediad.request('resetNetworkThrottle', { secret })", SECRET)
    for tab, other in ((ana, "ben"), (ben, "ana")):
        tab.until_flowing(other)
    assert (ana.get("mediad.sessionCount"), ben.get("mediad.sessionCount")) == (1, 1)


def test_a_wrong_secret_is_refused(tabs: Tabs, room_id: str) -> None:
    ana = tabs.open(room_id, "ana")
    with pytest.raises(Error, match="needs the server's secret"):
        ana.get("mediad.request('applyNetworkThrottle', { secret: 'a guess', packetLoss: 100 })")
    ana.pause(0.2)
    assert ana.state == "connected"
