"""Emulated networks on the pipe: what is possible, and what is a misfit."""

from __future__ import annotations

import msgspec
import pytest

from mediad.pipe.messages import Misfit, read
from mediad.pipe.throttle_requests import NetworkThrottle, ThrottleTransport


@pytest.mark.parametrize(
    ("name", "lowest", "highest"),
    [
        ("uplinkKbps", 1, 10_000_000),
        ("downlinkKbps", 1, 10_000_000),
        ("rttMs", 0, 4000),
        ("packetLossPercent", 0, 100),
    ],
)
def test_values_have_bounds(name: str, lowest: float, highest: float) -> None:
    for value in (lowest, highest, (lowest + highest) / 2):
        read(NetworkThrottle, msgspec.msgpack.encode({name: value}), "it")
    for wrong in (lowest - 0.1, highest + 0.1, -1e300, 1e300, float("nan"), "1", None):
        with pytest.raises(Misfit):
            read(NetworkThrottle, msgspec.msgpack.encode({name: wrong}), "it")


def test_none_ends_a_throttle_and_is_on_the_pipe() -> None:
    assert msgspec.to_builtins(ThrottleTransport("t", None)) == {"transportId": "t", "throttle": None}
