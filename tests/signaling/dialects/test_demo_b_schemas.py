from __future__ import annotations

from typing import Any

import msgspec
import pytest

from mediad.signaling.dialects import demo_b_schemas as schemas


@pytest.mark.parametrize("direction", ["producer", "consumer"])
def test_a_transport_says_its_direction(direction: str) -> None:
    data = {"forceTcp": False, "appData": {"direction": direction, "more": 1}, "sctpCapabilities": {}}
    assert msgspec.convert(data, schemas.CreateWebRtcTransport).app_data.direction == direction


@pytest.mark.parametrize("data", [{}, {"appData": {}}, {"appData": None}, {"appData": {"direction": "both"}}])
def test_without_a_direction_it_is_refused(data: Any) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(data, schemas.CreateWebRtcTransport)
