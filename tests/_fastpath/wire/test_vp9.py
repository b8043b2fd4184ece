"""VP9 payload descriptors: by table, built from their fields, and over what libvpx encodes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediad._fastpath.wire.payload import Codec
from tests.support.encoders import encoded
from tests.support.rtp import packet
from tests.windows import wire as window

# The first byte's flags: picture id, predicted, layers, flexible mode, begins, ends.
ID, P, L, F, B, E = (1 << bit for bit in range(7, 1, -1))


def describe(payload: bytes, *, marker: bool = False) -> dict[str, int]:
    return window.describe(Codec.CODEC_VP9, packet(payload, marker=marker), {})


def layers(temporal: int, spatial: int, *, up: bool = False, inter: bool = False) -> bytes:
    return bytes([temporal << 5 | up << 4 | spatial << 1 | inter])


KEY = {"is_keyframe": 1, "starts_frame": 1}
LAYERS = {"has_layers": 1}
FOR_SELECTION = ("targets", "switches", "starts_over", "enters_layer", "ends_layer", "spatial_count")


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (bytes([B]) + b"x", KEY),
        (bytes([B | E]) + b"x", {**KEY, "ends_frame": 1}),  # without layers, the layer frame is the frame
        (bytes([E]) + b"x", {"ends_frame": 1}),
        (bytes([0]) + b"x", {}),
        (bytes([P | B]) + b"x", {"starts_frame": 1}),
        (bytes([ID | B, 0x23]) + b"x", KEY),
        (bytes([ID | B, 0x80, 0x23]) + b"x", KEY),
        (bytes([ID | L | B, 0x23]) + layers(0, 0) + b"\0x", {**KEY, **LAYERS}),
        (bytes([ID | L | B, 0xA3, 0x11]) + layers(2, 0, up=True) + b"\0x",
         {**KEY, **LAYERS, "temporal_layer": 2}),
        # The upper layers of a key picture are predicted from below: nobody can start there.
        (bytes([ID | L | B | E, 0x23]) + layers(0, 1, inter=True) + b"\0x",
         {**LAYERS, "spatial_layer": 1, "is_inter_layer": 1}),
        # K-SVC and plain SVC: a layer's end is not the picture's.
        (bytes([ID | L | P | B | E, 0x23]) + layers(1, 0) + b"\0x",
         {**LAYERS, "starts_frame": 1, "temporal_layer": 1}),
        (bytes([L | F | P | B]) + layers(7, 7), {**LAYERS, "temporal_layer": 7, "spatial_layer": 7}),
        # cut off
        (bytes([ID | B]), {}),
        (bytes([ID | B, 0x80]), {}),
        (bytes([ID | L | B, 0x23]), {}),
        (bytes([ID | L | B, 0x80, 0x23]), {}),
    ],
)  # fmt: skip
def test_descriptors(payload: bytes, expected: dict[str, int]) -> None:
    info = describe(payload)
    told = {name: value for name, value in info.items() if value and name not in FOR_SELECTION}
    assert told == expected
    marked = describe(payload, marker=True)
    assert marked == info | {"ends_frame": 1}


@given(
    st.integers(0, 255),
    st.integers(0, 0x7F) | st.integers(0x8000, 0xFFFF),
    st.tuples(st.integers(0, 7), st.integers(0, 7), st.booleans(), st.booleans()),
)
def test_reads_what_was_built(flags: int, picture_id: int, where: tuple[int, int, bool, bool]) -> None:
    temporal, spatial, up, inter = where
    payload = bytes([flags])
    if flags & ID:
        payload += picture_id.to_bytes(1 if picture_id < 0x80 else 2, "big")
    if flags & L:
        payload += layers(temporal, spatial, up=up, inter=inter)
    else:
        temporal = spatial = 0
        up = inter = False
    info = describe(payload + b"rest")
    starts = bool(flags & B) and spatial == 0
    assert info["has_layers"] == bool(flags & L)
    assert (info["temporal_layer"], info["spatial_layer"]) == (temporal, spatial)
    assert info["is_inter_layer"] == inter
    assert info["starts_frame"] == starts
    assert info["is_keyframe"] == (starts and not flags & P and not inter)
    assert info["picture_id_bits"] == 0  # VP9's counters are not rewritten


V, Z = 0x02, 0x01


def cells(grid: int) -> set[tuple[int, int]]:
    return {(cell >> 3, cell & 7) for cell in range(32) if grid >> cell & 1}


@given(st.integers(0, 5), st.integers(0, 7), st.booleans(), st.booleans())
def test_who_needs_a_packet(spatial: int, temporal: int, alone: bool, up: bool) -> None:
    """Z: no upper spatial layer is predicted from it. Layers above the fourth count as the fourth."""
    info = describe(bytes([ID | P | L | (Z if alone else 0), 1]) + layers(temporal, spatial, up=up) + b"\0x")
    spatial = min(spatial, 3)
    upper = range(spatial, spatial + 1 if alone else 4)
    assert cells(info["targets"]) == {(s, t) for s in upper for t in range(temporal, 8)}
    assert cells(info["switches"]) == ({(spatial, t) for t in range(temporal + 1, 8)} if up else set())


@pytest.mark.parametrize(
    ("flags", "where", "starts_over", "enters_layer", "ends_layer"),
    [
        (B, layers(0, 0), 1, 0, 0),
        (E, layers(0, 0), 1, 0, 1),
        (P | B, layers(0, 0), 0, 0, 0),
        (B, layers(0, 1, inter=True), 0, 1, 0),
        (0, layers(0, 1, inter=True), 0, 0, 0),
        (P | B, layers(0, 1, inter=True), 0, 0, 0),
        (B, layers(0, 1), 0, 0, 0),
    ],
)
def test_where_layers_begin(
    flags: int, where: bytes, starts_over: int, enters_layer: int, ends_layer: int
) -> None:
    info = describe(bytes([ID | L | flags, 1]) + where + b"\0x")
    assert (info["starts_over"], info["enters_layer"], info["ends_layer"]) == (
        starts_over,
        enters_layer,
        ends_layer,
    )


@pytest.mark.parametrize(
    ("payload", "count"),
    [
        (bytes([ID | L | B | V, 1]) + layers(0, 0) + b"\x05\x40", 3),
        (bytes([ID | L | F | B | V, 1]) + layers(0, 0) + b"\x20", 2),  # no TL0PICIDX in flexible mode
        (bytes([ID | L | F | P | B | V, 1]) + layers(0, 0) + b"\x03\x03\x02\x40", 3),
        (bytes([ID | F | P | B | V, 1]) + b"\x02\x00", 1),
        (bytes([ID | L | B, 1]) + layers(0, 0) + b"\x05\x40", 0),
        (bytes([ID | L | B | V, 1]) + layers(0, 0) + b"\x05", 0),
        (bytes([ID | L | F | P | B | V, 1]) + layers(0, 0) + b"\x03\x03", 0),
    ],
)
def test_how_many_spatial_layers_there_are(payload: bytes, count: int) -> None:
    assert describe(payload)["spatial_count"] == count


def test_what_libvpx_encodes() -> None:
    """The flags as a packetizer sets them from the frame; the frame header's own key frame bit agrees."""
    frames = encoded("libvpx-vp9", 8, 4, {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"})
    assert [keyframe for _, keyframe in frames].count(True) >= 2
    for data, keyframe in frames:
        # The frame's own header: marker(2) profile(2) show_existing_frame(1) frame_type(1), 0 for a key one.
        assert keyframe == (data[0] & 0x0C == 0)
        flags = ID | (0 if keyframe else P)
        pieces = [data[at : at + 1000] for at in range(0, len(data), 1000)]
        infos = [
            describe(bytes([flags | (B if at == 0 else 0) | (E if at == len(pieces) - 1 else 0), 1]) + piece)
            for at, piece in enumerate(pieces)
        ]
        assert [info["is_keyframe"] for info in infos] == [int(keyframe)] + [0] * (len(infos) - 1)
        assert [info["ends_frame"] for info in infos] == [0] * (len(infos) - 1) + [1]
