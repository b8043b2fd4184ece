"""Refusal of wrong commands: the media thread trusts what it gets, so mistakes end here."""

from __future__ import annotations

from typing import Any

import pytest

from mediad._fastpath.door.media_loop import Codec, MediaLoop
from mediad._fastpath.engine.messages import CommandKind
from tests.support import engine as e


@pytest.mark.parametrize(
    "changes",
    [
        {"encodings": [(1, 0, b"")] * 5},
        {"encodings": [(1, 0, b"a-rid-that-is-too-long")]},
        {"mid": b"a-mid-that-is-far-too-long"},
        {"codecs": [(200, 0, 101, 2, 90000)]},
        {"codecs": [(96, 97, 101, 9, 90000)]},
        {"codecs": [(96, 97, 101, 2, 0)]},
        {"codecs": [(96, 97, 101, 2, 90000)] * 9},
        {"extensions": {11: 1}},
        {"extensions": {0: 256}},
    ],
)
def test_a_producer_out_of_bounds_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"expected|fit"):
        e.Call().produce(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"target": 4},
        {"target": -2},
        {"extensions": {0: 15}},
        {"cname": b"x" * 65},
        {"codecs": [(128, 0)]},
        {"clock_rate": 0},
    ],
)
def test_a_consumer_out_of_bounds_is_refused(changes: dict[str, Any]) -> None:
    call = e.Call()
    call.produce()
    with pytest.raises(ValueError, match=r"expected|fit"):
        call.consume(**changes)


@pytest.mark.parametrize("handle", [0, 5, 1 << 33])
def test_a_handle_needs_a_generation(handle: int) -> None:
    with pytest.raises(ValueError, match="no generation"):
        e.Call().engine.close_transport(handle)


@pytest.mark.parametrize("codec", list(Codec))
def test_every_codec_is_taken(codec: Codec) -> None:
    e.Call().produce(codecs=[(96, 97, 101, int(codec), 90000)])


@pytest.mark.parametrize("link", [(-1, 0, 0), (0, -1, 0), (0, 1 << 32, 0), (0, 0, -1), (0, 0, 1_000_001)])
def test_an_emulated_network_out_of_bounds_is_refused(link: tuple[int, int, int]) -> None:
    for links in ({"uplink": link, "downlink": (0, 0, 0)}, {"uplink": (0, 0, 0), "downlink": link}):
        with pytest.raises((ValueError, OverflowError)):
            e.Call().engine.throttle_transport(e.SENDING, **links)


def test_every_kind_of_command_has_its_method() -> None:
    kinds = {name.removeprefix("COMMAND_").lower() for name in CommandKind.__members__} - {"count"}
    assert {kind for kind in kinds if not hasattr(MediaLoop, kind)} == set()
