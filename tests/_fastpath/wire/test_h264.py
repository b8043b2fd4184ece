"""H.264 payloads: by table, and over what x264 encodes in each of the packetizations."""

from __future__ import annotations

import struct

import pytest
from aiortc.codecs.h264 import H264Encoder
from hypothesis import given
from hypothesis import strategies as st

from mediad._fastpath.wire.payload import Codec
from tests.support.encoders import h264_payloads
from tests.support.rtp import packet
from tests.windows import wire as window

SLICE, IDR, SEI, SPS, PPS, AUD, FILLER = 1, 5, 6, 7, 8, 9, 12


def describe(payload: bytes, *, marker: bool = False) -> dict[str, int]:
    return window.describe(Codec.CODEC_H264, packet(payload, marker=marker), {})


def unit(kind: int, size: int = 20) -> bytes:
    return bytes([0x60 | kind]) + bytes(size - 1)


def stap(*units: bytes) -> bytes:
    return b"\x78" + b"".join(struct.pack("!H", len(data)) + data for data in units)


def fragment(kind: int, *, start: bool = False, end: bool = False) -> bytes:
    return bytes([0x60 | 28, start << 7 | end << 6 | kind]) + b"part"


KEY = {"is_keyframe": 1, "starts_frame": 1}


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (unit(SPS), KEY),
        (unit(SPS, 1), KEY),
        (unit(IDR), {}),  # its parameter sets came before it
        (unit(SLICE), {}),
        (unit(PPS), {}),
        (unit(SEI), {}),
        (unit(AUD), {"starts_frame": 1}),
        (b"\xe7" + bytes(9), KEY),  # the type is what the lowest five bits say
        (stap(unit(SPS), unit(PPS)), KEY),
        (stap(unit(AUD), unit(SEI), unit(SPS), unit(PPS), unit(IDR)), KEY),
        (stap(unit(PPS), unit(IDR)), {}),
        (stap(unit(AUD), unit(SLICE)), {"starts_frame": 1}),
        (stap(unit(SEI), unit(SPS))[:-19], {}),  # the second unit is longer than what is left
        (b"\x78", {}),
        (b"\x78\x00", {}),
        (b"\x78\x00\x01", {}),
        (b"\x78\x00\x00\x00\x01\x67", {}),  # an empty unit ends the walk
        (fragment(SPS, start=True), KEY),
        (fragment(SPS), {}),
        (fragment(SPS, end=True), {}),
        (fragment(IDR, start=True), {}),
        (b"\x7c", {}),
        (
            b"\x79\x00\x00\x00\x14" + unit(SPS),
            {},
        ),  # STAP-B belongs to the interleaved mode, which nobody offers
    ],
)
def test_where_key_frames_start(payload: bytes, expected: dict[str, int]) -> None:
    info = describe(payload)
    assert {name: value for name, value in info.items() if value} == expected
    assert describe(payload, marker=True) == info | {"ends_frame": 1}


@given(st.lists(st.tuples(st.integers(1, 23), st.integers(1, 40)), min_size=1, max_size=8))
def test_any_mix_of_units(units: list[tuple[int, int]]) -> None:
    info = describe(stap(*(unit(*item) for item in units)))
    kinds = {kind for kind, _ in units}
    assert info["is_keyframe"] == (SPS in kinds)
    assert info["starts_frame"] == bool(kinds & {SPS, AUD})


def test_what_x264_encodes() -> None:
    frames = h264_payloads(10, keyframes={4, 7})
    kinds = {payload[0] & 0x1F for payloads in frames for payload in payloads}
    assert {24, 28} <= kinds  # aiortc joins small units and cuts large ones
    for number, payloads in enumerate(frames):
        flags = [describe(payload)["is_keyframe"] for payload in payloads]
        assert flags == [int(number in (0, 4, 7))] + [0] * (len(payloads) - 1)


def test_what_x264_encodes_with_each_unit_alone() -> None:
    """packetization-mode 0, as far as its units fit a packet: SPS and PPS come by themselves."""
    units = [
        data
        for payloads in h264_payloads(2, keyframes=set())
        for payload in payloads
        if payload[0] & 0x1F == 24
        for data in H264Encoder._split_bitstream(_annex_b(payload))
    ]
    flags = [(data[0] & 0x1F, describe(data)["is_keyframe"]) for data in units]
    assert (SPS, 1) in flags
    assert all(flag == (kind == SPS) for kind, flag in flags)


def _annex_b(payload: bytes) -> bytes:
    data, at = b"", 1
    while at < len(payload):
        size = int.from_bytes(payload[at : at + 2], "big")
        data += b"\0\0\0\1" + payload[at + 2 : at + 2 + size]
        at += 2 + size
    return data
