"""Recognition: which dialect of mediasoup-demo a client speaks, on the one path that both connect to.

Three ways were weighed. By the query alone, an app of dialect B that leaves `usePipeTransports` out would be
answered in words it cannot read. Answers in both spellings at once cannot be given everywhere: statistics are
an array in one dialect and an object in the other. So a client whose query says nothing begins in dialect A,
whose capabilities both can read, and may turn out to speak dialect B until its first request that tells:
before that a room tells it nothing, and so nothing was said in the wrong words but the greeting.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from mediad.signaling.dialects.demo_a import DEMO_A
from mediad.signaling.dialects.demo_b import DEMO_B
from mediad.signaling.dialects.dialect import Dialect

_QUERY_OF_B = ("usePipeTransports", "disableBwe")

BEGINNING = DEMO_A
"""The dialect of a client that has not shown yet which one it speaks."""


def by_query(names: Container[str]) -> Dialect | None:
    """Return the dialect that the names in a connection's query tell; None when they do not."""
    return DEMO_B if any(name in names for name in _QUERY_OF_B) else None


def by_request(method: str, data: Any) -> Dialect | None:
    """Return the dialect that a request tells; None for one that apps of both make."""
    if method == "getRouterRtpCapabilities":
        return None
    if method == "getRtcStatsUrl":
        return DEMO_B
    if method == "createWebRtcTransport" and isinstance(data, dict):
        app_data = data.get("appData")
        if isinstance(app_data, dict) and "direction" in app_data:
            return DEMO_B
    return DEMO_A
