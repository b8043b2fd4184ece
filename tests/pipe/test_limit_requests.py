"""Limits of single clients on the pipe: what is possible, and what is a misfit."""

from __future__ import annotations

import msgspec
import pytest

from mediad.pipe.limit_requests import LimitIncoming
from mediad.pipe.messages import Misfit, read


def limit(bitrate: object) -> LimitIncoming:
    return read(LimitIncoming, msgspec.msgpack.encode({"transportId": "t", "bitrateBps": bitrate}), "it")


def test_a_limit_and_its_end() -> None:
    assert [limit(bps).bitrate_bps for bps in (1, 10**12, None)] == [1, 10**12, None]


@pytest.mark.parametrize("bitrate", [0, -1, "9", 10**12 + 1])
def test_what_is_no_limit_is_a_misfit(bitrate: object) -> None:
    with pytest.raises(Misfit):
        limit(bitrate)
