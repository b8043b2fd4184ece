"""H.265 payloads: where a key frame starts, in each of the packetizations of RFC 7798."""

from __future__ import annotations

import struct

import pytest

from mediad._fastpath.wire.payload import Codec
from tests.support.rtp import packet
from tests.windows import wire as window

TRAIL, IDR, VPS, SPS, PPS, AUD, SEI = 1, 19, 32, 33, 34, 35, 39
KEY = {"is_keyframe": 1, "starts_frame": 1}


def describe(payload: bytes, *, marker: bool = False) -> dict[str, int]:
    return window.describe(Codec.CODEC_H265, packet(payload, marker=marker), {})


def unit(kind: int, size: int = 20) -> bytes:
    return bytes([kind << 1, 1]) + bytes(size - 2)


def together(*units: bytes) -> bytes:
    return bytes([48 << 1, 1]) + b"".join(struct.pack("!H", len(data)) + data for data in units)


def fragment(kind: int, *, start: bool = False) -> bytes:
    return bytes([49 << 1, 1, start << 7 | kind]) + b"part"


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (unit(VPS), KEY),
        (unit(VPS, 2), KEY),
        (unit(SPS), {}),  # the parameter set before it is where a decoder begins
        (unit(PPS), {}),
        (unit(IDR), {}),
        (unit(TRAIL), {}),
        (unit(AUD), {"starts_frame": 1}),
        (together(unit(VPS), unit(SPS), unit(PPS)), KEY),
        (together(unit(AUD), unit(VPS)), KEY),
        (together(unit(SPS), unit(PPS)), {}),
        (together(unit(SEI), unit(VPS))[:-19], {}),  # the second unit is longer than what is left
        (together(b"\x40"), {}),  # a unit without a whole header ends the walk
        (fragment(VPS, start=True), KEY),
        (fragment(VPS), {}),
        (fragment(IDR, start=True), {}),
        (b"", {}),
        (b"\x40", {}),
        (bytes([48 << 1]), {}),
        (bytes([49 << 1, 1]), {}),
    ],
)
def test_where_a_key_frame_starts(payload: bytes, expected: dict[str, int]) -> None:
    assert {name: value for name, value in describe(payload).items() if value} == expected


def test_the_marker_ends_a_frame() -> None:
    assert describe(unit(TRAIL), marker=True)["ends_frame"] == 1
