"""The claims of a token that are about its room."""

from __future__ import annotations

from typing import Any

import pytest

from mediad.rooms.options import RoomOptions
from mediad.rooms.spread import AUTO, OFF
from mediad.tokens.refusal import TokenRefused
from mediad.tokens.room_options import room_options


@pytest.mark.parametrize(
    ("claims", "options"),
    [
        ({}, RoomOptions()),
        ({"record": False}, RoomOptions()),
        ({"record": True}, RoomOptions(record=True)),
        ({"record": "webm"}, RoomOptions(record=True, record_format="webm")),
        ({"hls": True}, RoomOptions(show=True)),
        ({"hls": True, "record": True}, RoomOptions(record=True, show=True)),
        ({"roomSpread": 3}, RoomOptions(spread=3)),
        ({"roomSpread": "3", "record": True}, RoomOptions(record=True, spread=3)),
        ({"roomSpread": "auto", "record": "mkv"}, RoomOptions(record=True, record_format="mkv", spread=AUTO)),
        ({"roomSpread": "off"}, RoomOptions(spread=OFF)),
        ({"roomSpread": None}, RoomOptions()),
    ],
)
def test_claims_that_mean_something(claims: dict[str, Any], options: RoomOptions) -> None:
    assert room_options(claims) == options


@pytest.mark.parametrize("record", ["avi", 1, None, ["mkv"], {}])
def test_a_claim_that_means_nothing_is_refused(record: Any) -> None:
    with pytest.raises(TokenRefused, match="record"):
        room_options({"record": record})


@pytest.mark.parametrize("hls", [1, None, "true", {}])
def test_a_show_is_asked_for_with_true(hls: Any) -> None:
    with pytest.raises(TokenRefused, match="hls"):
        room_options({"hls": hls})


@pytest.mark.parametrize("spread", ["many", 0, 65, True, 1.5, [2], {}, ""])
def test_a_spread_that_means_nothing_is_refused(spread: Any) -> None:
    with pytest.raises(TokenRefused, match="roomSpread claim: expected off, auto or a number of workers"):
        room_options({"roomSpread": spread})
