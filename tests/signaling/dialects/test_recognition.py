"""Recognition of the dialect, by what apps of each really send first."""

from __future__ import annotations

from typing import Any

import pytest

from mediad.signaling.dialects import recognition
from mediad.signaling.dialects.demo_a import DEMO_A
from mediad.signaling.dialects.demo_b import DEMO_B, NOTIFICATIONS


@pytest.mark.parametrize("name", ["usePipeTransports", "disableBwe"])
def test_a_query_that_only_one_app_sends(name: str) -> None:
    assert recognition.by_query({"roomId": "r", "peerId": "p", name: "false"}) is DEMO_B
    assert recognition.by_query({"roomId": "r", "peerId": "p", "consumerReplicas": "undefined"}) is None


@pytest.mark.parametrize(
    ("method", "data", "dialect"),
    [
        ("getRouterRtpCapabilities", {}, None),
        ("getRtcStatsUrl", {}, DEMO_B),
        ("createWebRtcTransport", {"forceTcp": False, "appData": {"direction": "producer"}}, DEMO_B),
        ("createWebRtcTransport", {"forceTcp": False, "producing": True, "consuming": False}, DEMO_A),
        ("createWebRtcTransport", {"producing": True, "appData": {}}, DEMO_A),
        ("createWebRtcTransport", [7], DEMO_A),
        ("createWebRtcTransport", {"appData": "direction"}, DEMO_A),
        ("join", {"displayName": "Ana"}, DEMO_A),
        ("levitate", None, DEMO_A),
    ],
)
def test_a_request_that_tells(method: str, data: Any, dialect: object) -> None:
    assert recognition.by_request(method, data) is dialect


def test_the_beginning_has_no_notifications_that_could_be_taken_wrong() -> None:
    assert recognition.BEGINNING is DEMO_A
    assert not set(DEMO_A.notifications) & set(NOTIFICATIONS)
