"""Dispatch by codec; audio; and that nothing is left as it was before."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mediad._fastpath.wire.payload import Codec
from mediad._fastpath.wire.rtp import ExtensionKind
from tests.support.rtp import TWO_BYTE, extension_block, packet, two_byte_elements
from tests.windows import wire as window

VIDEO = (Codec.CODEC_VP8, Codec.CODEC_VP9, Codec.CODEC_H264, Codec.CODEC_AV1, Codec.CODEC_H265)
DESCRIPTOR = {5: ExtensionKind.EXT_DEPENDENCY_DESCRIPTOR}


def set_fields(info: dict[str, int]) -> dict[str, int]:
    return {name: value for name, value in info.items() if value}


@pytest.mark.parametrize("marker", [False, True])
def test_other_codecs_have_only_their_marker(marker: bool) -> None:
    info = window.describe(Codec.CODEC_OTHER, packet(b"\x10\x00\x9d\x01\x2a", marker=marker), {})
    assert set_fields(info) == ({"ends_frame": 1} if marker else {})


@pytest.mark.parametrize("number", [-1, 8, 255])
def test_numbers_that_are_no_codec_do_nothing(number: int) -> None:
    assert set_fields(window.describe(number, packet(b"\x10\x00"), {})) == {}


@pytest.mark.parametrize(
    ("payload", "is_dtx"),
    [(b"", 0), (b"\x08", 1), (b"\x08\x00", 1), (b"\x08\x00\x00", 0), (bytes(80), 0)],
)
def test_opus_silence_is_short(payload: bytes, is_dtx: int) -> None:
    info = window.describe(Codec.CODEC_OPUS, packet(payload), {})
    assert (info["is_dtx"], info["starts_frame"], info["ends_frame"]) == (is_dtx, 1, 1)
    assert not info["is_keyframe"]


def test_redundant_audio_is_never_silence() -> None:
    info = window.describe(Codec.CODEC_RED, packet(b"\x6f\x08"), {})
    assert set_fields(info) == {"starts_frame": 1, "ends_frame": 1}


@pytest.mark.parametrize("codec", VIDEO)
def test_a_packet_of_padding_is_no_frame(codec: Codec) -> None:
    assert set_fields(window.describe(codec, packet(padding=200), {})) == {}


@example(Codec.CODEC_H264, b"\x07", bytes(3), False)  # SPS where a descriptor sees no start
@given(
    st.sampled_from(list(Codec)),
    st.binary(max_size=24) | st.binary(max_size=3).map(lambda head: head + bytes(8)),
    st.binary(max_size=20),
    st.booleans(),
)
def test_junk_stays_in_bounds_and_in_range(
    codec: Codec, payload: bytes, descriptor: bytes, marker: bool
) -> None:
    block = extension_block(TWO_BYTE, two_byte_elements([(5, descriptor)])) if descriptor else b""
    info = window.describe(codec, packet(payload, marker=marker, extension=block), DESCRIPTOR)
    for name in (
        "is_keyframe",
        "starts_frame",
        "ends_frame",
        "has_layers",
        "is_layer_sync",
        "is_inter_layer",
        "is_dtx",
    ):
        assert info[name] in (0, 1), name
    assert info["temporal_layer"] <= 7
    assert info["spatial_layer"] <= 7
    assert info["picture_id_bits"] in (0, 7, 15)
    assert info["starts_frame"] or not info["is_keyframe"]
    assert info["picture_id_offset"] + info["picture_id_bits"] // 7 <= len(payload)
    assert info["tl0_offset"] < max(len(payload), 1)
