"""VP8 payload descriptors: by table, against aiortc's parser, and over what libvpx encodes."""

from __future__ import annotations

from typing import Any

import pytest
from aiortc.codecs.vpx import VpxPayloadDescriptor
from hypothesis import given
from hypothesis import strategies as st

from mediad._fastpath.wire.payload import Codec
from tests.support.encoders import vp8_payloads
from tests.support.rtp import packet
from tests.windows import wire as window

KEY, DELTA = b"\x10\x02\x00\x9d\x01\x2a", b"\x11\x02\x00"


def describe(payload: bytes, *, marker: bool = False) -> dict[str, int]:
    return window.describe(Codec.CODEC_VP8, packet(payload, marker=marker), {})


def fields(**values: int) -> dict[str, int]:
    names = describe(b"")
    assert values.keys() <= names.keys()
    return dict.fromkeys(names, 0) | values


LONG: dict[str, int] = {"picture_id_bits": 15, "picture_id_offset": 2}
START: dict[str, int] = {"starts_frame": 1}


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"\x10" + KEY, {**START, "is_keyframe": 1}),
        (b"\x10" + DELTA, START),
        (b"\x00" + KEY, {}),  # a later packet of a partition
        (b"\x11" + KEY, {}),  # the second partition starts: not the frame
        (b"\x10", START),  # nothing behind the descriptor
        (b"\x90\x00" + KEY, {**START, "is_keyframe": 1}),
        (
            b"\x90\x80\x23" + KEY,
            {**START, "is_keyframe": 1, "picture_id_bits": 7, "picture_id": 0x23, "picture_id_offset": 2},
        ),
        (b"\x90\x80\xff\xff" + DELTA, {**START, **LONG, "picture_id": 0x7FFF}),
        (
            b"\x90\xe0\x80\x01\x2a\x60" + DELTA,
            {
                **START,
                **LONG,
                "picture_id": 1,
                "tl0_offset": 4,
                "tl0_picture_index": 0x2A,
                "has_layers": 1,
                "temporal_layer": 1,
                "is_layer_sync": 1,
            },
        ),
        (
            b"\x90\x60\x07\xc3" + DELTA,
            {**START, "tl0_offset": 2, "tl0_picture_index": 7, "has_layers": 1, "temporal_layer": 3},
        ),
        (b"\x90\x10\xff" + KEY, {**START, "is_keyframe": 1}),  # KEYIDX alone shares the byte, not its layer
        (b"\x90\x20\x80" + KEY, {**START, "is_keyframe": 1, "has_layers": 1, "temporal_layer": 2}),
        # cut off inside the descriptor: no frame is taken from it
        (b"\x90", {}),
        (b"\x90\x80", {}),
        (b"\x90\x80\x80", {}),
        (b"\x90\xc0\x23", {"picture_id_bits": 7, "picture_id": 0x23, "picture_id_offset": 2}),
        (b"\x90\x20", {}),
    ],
)
def test_descriptors(payload: bytes, expected: dict[str, int]) -> None:
    if "has_layers" in expected:
        wanted_by = 0xFF << expected.get("temporal_layer", 0) & 0xFF
        expected = {**expected, "spatial_count": 1, "targets": wanted_by * 0x01010101}
    assert describe(payload) == fields(**expected)
    assert describe(payload, marker=True) == fields(**expected, ends_frame=1)


DESCRIPTORS: Any = st.builds(
    VpxPayloadDescriptor,
    partition_start=st.integers(0, 1),
    partition_id=st.integers(0, 7),
    picture_id=st.none() | st.integers(0, 0x7FFF),
    tl0picidx=st.none() | st.integers(0, 255),
    tid=st.none() | st.tuples(st.integers(0, 3), st.integers(0, 1)),
    keyidx=st.none() | st.integers(0, 31),
)


@given(DESCRIPTORS, st.sampled_from((KEY, DELTA)))
def test_reads_what_aiortc_writes(theirs: Any, body: bytes) -> None:
    info = describe(bytes(theirs) + body)
    starts = theirs.partition_start == 1 and theirs.partition_id == 0
    assert info["starts_frame"] == starts
    assert info["is_keyframe"] == (starts and body == KEY)
    assert info["picture_id"] == (theirs.picture_id or 0)
    assert info["picture_id_bits"] == (0 if theirs.picture_id is None else 15)
    assert info["tl0_picture_index"] == (theirs.tl0picidx or 0)
    assert (info["temporal_layer"], info["is_layer_sync"]) == (theirs.tid or (0, 0))
    assert info["has_layers"] == (theirs.tid is not None)


@given(DESCRIPTORS, st.integers(0, 0xFFFF), st.integers(0, 255))
def test_rewriting_changes_the_counters_and_nothing_else(theirs: Any, picture_id: int, tl0: int) -> None:
    rewritten = window.rewrite_vp8(Codec.CODEC_VP8, packet(bytes(theirs) + KEY), picture_id, tl0)
    if theirs.picture_id is not None:
        theirs.picture_id = picture_id & 0x7FFF
    if theirs.tl0picidx is not None:
        theirs.tl0picidx = tl0
    assert rewritten == bytes(theirs) + KEY


@pytest.mark.parametrize(("picture_id", "written"), [(0x05, 5), (0x7F, 0x7F), (0x80, 0), (0xFFFF, 0x7F)])
def test_a_short_picture_id_stays_short(picture_id: int, written: int) -> None:
    rewritten = window.rewrite_vp8(Codec.CODEC_VP8, packet(b"\x90\x80\x23" + KEY), picture_id, 0)
    assert rewritten == b"\x90\x80" + bytes([written]) + KEY


def test_what_libvpx_encodes() -> None:
    frames = vp8_payloads(12, keyframes={5, 9})
    assert max(len(payloads) for payloads in frames) > 1
    for number, payloads in enumerate(frames):
        infos = [describe(payload) for payload in payloads]
        keyframe = number in (0, 5, 9)
        assert [info["is_keyframe"] for info in infos] == [int(keyframe)] + [0] * (len(infos) - 1)
        assert [info["starts_frame"] for info in infos] == [1] + [0] * (len(infos) - 1)


@pytest.mark.parametrize(
    ("frame", "doubtful"),
    [
        (KEY, 0),
        (DELTA, 0),  # no key frame, and so no doubt about one
        (b"\x10\x02\x00\x9d\x01\x2b", 1),
        (b"\x10\x02\x00\x9d\x01", 1),  # cut off
        (b"\x00", 1),
    ],
)
def test_a_key_frame_without_its_start_code_is_doubtful(frame: bytes, doubtful: int) -> None:
    assert describe(b"\x10" + frame)["is_doubtful"] == doubtful
