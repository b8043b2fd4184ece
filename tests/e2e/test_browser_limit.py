"""Chromium keeps to the bitrate a transport may send at most."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.browser import Tab, Tabs
from tests.support.daemon import Daemon

LIMIT_BPS = 300_000


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    with Daemon(workers=1, max_incoming_bitrate_bps=LIMIT_BPS) as daemon:
        yield daemon


def uplink(tab: Tab) -> dict[str, Any]:
    """The statistics of its sending transport."""
    (entry,) = tab.get("mediad.request('getTransportStats', { transportId: mediad.transports.send.id })")
    return dict(entry)


def test_a_camera_that_could_send_more_keeps_to_the_limit(tabs: Tabs, room_id: str) -> None:
    ana = tabs.open(room_id, "ana", resolution="1280x720")
    ben = tabs.open(room_id, "ben", produce="false")
    ben.until_flowing("ana")

    def kept() -> bool:
        """Return True when the limit was kept for three seconds, and not by sending nothing."""
        for _ in range(3):
            ana.pause(1)
            if not LIMIT_BPS / 10 < uplink(ana)["recvBitrate"] < LIMIT_BPS * 1.05:
                return False
        return True

    ana.until("the limit kept", kept)
    stats = uplink(ana)
    assert stats["maxIncomingBitrate"] == stats["availableIncomingBitrate"] == LIMIT_BPS
    ben.until_smooth("ana")
