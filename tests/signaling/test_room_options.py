"""The claims of a token that are about its room."""

from __future__ import annotations

from typing import Any

import pytest

from mediad.rooms.options import RoomOptions
from mediad.signaling.access import NotAdmitted
from mediad.signaling.room_options import room_options


@pytest.mark.parametrize(
    ("claims", "options"),
    [
        ({}, RoomOptions()),
        ({"record": False}, RoomOptions()),
        ({"record": True}, RoomOptions(record=True)),
        ({"record": "webm"}, RoomOptions(record=True, record_format="webm")),
        ({"hls": True}, RoomOptions(show=True)),
        ({"hls": True, "record": True}, RoomOptions(record=True, show=True)),
    ],
)
def test_claims_that_mean_something(claims: dict[str, Any], options: RoomOptions) -> None:
    assert room_options(claims) == options


@pytest.mark.parametrize("record", ["avi", 1, None, ["mkv"], {}])
def test_a_claim_that_means_nothing_is_refused(record: Any) -> None:
    with pytest.raises(NotAdmitted, match="record"):
        room_options({"record": record})


@pytest.mark.parametrize("hls", [1, None, "true", {}])
def test_a_show_is_asked_for_with_true(hls: Any) -> None:
    with pytest.raises(NotAdmitted, match="hls"):
        room_options({"hls": hls})
