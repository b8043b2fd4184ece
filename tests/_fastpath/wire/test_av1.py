"""AV1: the dependency descriptor, the aggregation header, and what SVT-AV1 encodes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediad._fastpath.wire import _probe_wire as probe
from mediad._fastpath.wire.payload import Codec
from mediad._fastpath.wire.rtp import ExtensionKind
from tests.support.encoders import encoded
from tests.support.rtp import TWO_BYTE, extension_block, packet, two_byte_elements

DESCRIPTOR_ID = 13
SEQUENCE_HEADER, TEMPORAL_DELIMITER, FRAME = 1, 2, 6
KINDS = {DESCRIPTOR_ID: ExtensionKind.EXT_DEPENDENCY_DESCRIPTOR}
Z, Y, N = 0x80, 0x40, 0x08


def describe(payload: bytes, descriptor: bytes | None = None, *, marker: bool = False) -> dict[str, int]:
    block = b""
    if descriptor is not None:
        block = extension_block(TWO_BYTE, two_byte_elements([(DESCRIPTOR_ID, descriptor)]))
    return probe.describe(Codec.CODEC_AV1, packet(payload, extension=block, marker=marker), KINDS)


def what_is_set(info: dict[str, int] | None) -> dict[str, int] | None:
    return None if info is None else {name: value for name, value in info.items() if value}


class Bits:
    def __init__(self) -> None:
        self.text = ""

    def put(self, *fields: tuple[int, int]) -> Bits:
        for value, width in fields:
            self.text += f"{value:0{width}b}"
        return self

    def done(self) -> bytes:
        text = self.text + "0" * (-len(self.text) % 8)
        return int(text, 2).to_bytes(len(text) // 8, "big")


def descriptor(
    *,
    start: bool = True,
    end: bool = True,
    template_id: int = 0,
    offset: int | None = None,
    layers: list[tuple[int, int]] | None = None,
    tail: tuple[int, int] = (0, 16),
) -> bytes:
    """`layers`: (spatial, temporal) of each template, which makes it one with a structure; None: without."""
    bits = Bits().put((start, 1), (end, 1), (template_id, 6), (0x1234, 16))
    if layers is not None:
        bits.put((1, 1), (0, 4), (offset or 0, 6), (1, 5))
        for before, after in zip(layers, [*layers[1:], None], strict=True):
            if after is None:
                bits.put((3, 2))
            elif after == before:
                bits.put((0, 2))
            elif after == (before[0], before[1] + 1):
                bits.put((1, 2))
            else:
                assert after == (before[0] + 1, 0)
                bits.put((2, 2))
        bits.put(tail)
    return bits.done()


L1T3 = [(0, 0), (0, 0), (0, 1), (0, 2)]
L3T3 = [(s, t) for s in range(3) for t in range(3) for _ in range(2)]
KEY = {"is_keyframe": 1, "starts_frame": 1}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", None),
        (b"\x80\x00", None),
        (descriptor(), {"starts_frame": 1}),
        (descriptor(start=False), {}),
        (descriptor(layers=L1T3), {**KEY, "has_layers": 1}),
        (descriptor(layers=L1T3, template_id=3), {**KEY, "has_layers": 1, "temporal_layer": 2}),
        (descriptor(layers=L1T3, start=False), {"has_layers": 1}),  # only a frame's first packet can start it
        (descriptor(layers=L1T3, template_id=1, offset=62), {**KEY, "has_layers": 1, "temporal_layer": 2}),
        (descriptor(layers=L1T3, template_id=4), KEY),  # there is no such template
        (descriptor(layers=L1T3)[:4], KEY),  # the structure is cut off
        (descriptor(layers=L1T3, template_id=3)[:5], KEY),
        # Extended fields without a structure: active decode targets, or custom dependencies.
        (descriptor()[:3] + b"\x40", {"starts_frame": 1}),
        (descriptor()[:3] + b"\x7f\xff\xff", {"starts_frame": 1}),
    ],
)
def test_dependency_descriptors(data: bytes, expected: dict[str, int] | None) -> None:
    assert what_is_set(probe.describe_descriptor(data)) == expected


@given(st.integers(0, len(L3T3) - 1), st.integers(0, 63))
def test_layers_of_a_template(index: int, offset: int) -> None:
    data = descriptor(layers=L3T3, template_id=(index + offset) % 64, offset=offset)
    info = probe.describe_descriptor(data)
    assert info is not None
    assert (info["spatial_layer"], info["temporal_layer"]) == L3T3[index]


@given(st.binary(max_size=80), st.integers(0, 63))
def test_descriptors_of_junk(tail: bytes, template_id: int) -> None:
    """With the structure's flag set, so that the walk over the templates begins."""
    info = probe.describe_descriptor(bytes([0x80 | template_id, 0, 0, 0x80]) + tail)
    assert info is not None
    assert info["is_keyframe"]
    assert info["spatial_layer"] <= 3
    assert info["temporal_layer"] <= 7


def obu(kind: int, layers: tuple[int, int] | None = None) -> bytes:
    """An OBU without its size field, as in RTP; layers are (temporal, spatial)."""
    if layers is None:
        return bytes([kind << 3]) + b"body"
    return bytes([kind << 3 | 4, layers[0] << 5 | layers[1] << 3]) + b"body"


def leb128(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"\x10" + obu(FRAME), {}),
        (bytes([0x10 | N]) + obu(SEQUENCE_HEADER), KEY),
        (bytes([0x10 | N]) + obu(FRAME), KEY),
        (b"\x10" + obu(SEQUENCE_HEADER), KEY),
        (b"\x20" + leb128(5) + obu(FRAME) + obu(FRAME), {}),  # W = 2: all but the last have one
        (b"\x20" + leb128(5) + obu(SEQUENCE_HEADER) + obu(FRAME), KEY),
        (b"\x30" + leb128(5) + obu(SEQUENCE_HEADER) + leb128(5) + obu(FRAME) + obu(FRAME), KEY),
        (b"\x00" + leb128(5) + obu(SEQUENCE_HEADER), KEY),  # W = 0: every element has its length
        (b"\x00\x85\x80\x00" + obu(SEQUENCE_HEADER), KEY),  # LEB128 may be longer than it needs to be
        (bytes([0x10 | Z]) + obu(SEQUENCE_HEADER), {}),  # the rest of an element from an earlier packet
        (b"\x10" + obu(FRAME, (2, 1)), {"has_layers": 1, "temporal_layer": 2, "spatial_layer": 1}),
        (b"\x10" + obu(SEQUENCE_HEADER, (0, 0)), {**KEY, "has_layers": 1}),
        (b"\x10\x34", {}),  # its extension byte is cut off
        (b"\x10", {}),
        (b"\x00", {}),
        (b"\x00\x80", {}),
        (b"\x00\x80\x80\x80", {}),
        (bytes([N]), KEY),
    ],
)
def test_aggregation_headers(payload: bytes, expected: dict[str, int]) -> None:
    info = describe(payload)
    assert what_is_set(info) == expected
    assert describe(payload, marker=True) == info | {"ends_frame": 1}


def test_the_descriptor_decides_where_there_is_one() -> None:
    new_sequence = bytes([0x10 | N]) + obu(SEQUENCE_HEADER)
    assert what_is_set(describe(new_sequence, descriptor())) == {"starts_frame": 1}
    assert what_is_set(describe(b"\x10" + obu(FRAME), descriptor(layers=L1T3))) == {**KEY, "has_layers": 1}
    assert what_is_set(describe(new_sequence, b"\x80\x00")) == KEY  # too short to be one


def packetized(data: bytes, size: int) -> list[bytes]:
    """A temporal unit as RTP payloads of one element each (W = 1): delimiters and size fields go."""
    units, at = [], 0
    while at < len(data):
        head, at = data[at], at + 1
        extension = data[at : at + 1] if head & 4 else b""
        at += len(extension)
        length = shift = 0
        while True:
            length |= (data[at] & 0x7F) << shift
            shift += 7
            at += 1
            if not data[at - 1] & 0x80:
                break
        if head >> 3 & 0x0F != TEMPORAL_DELIMITER:
            units.append(bytes([head & ~2]) + extension + data[at : at + length])
        at += length
    starts_sequence = any(unit[0] >> 3 & 0x0F == SEQUENCE_HEADER for unit in units)
    payloads = []
    for unit in units:
        for start in range(0, len(unit), size):
            head = 0x10 | (Z if start else 0) | (Y if start + size < len(unit) else 0)
            payloads.append(
                bytes([head | (N if starts_sequence and not payloads else 0)]) + unit[start : start + size]
            )
    return payloads


@pytest.mark.parametrize("with_n", [True, False])
def test_what_svt_av1_encodes(with_n: bool) -> None:
    """A key frame is found by the N bit, and by its sequence header where a sender forgot the bit."""
    frames = encoded("libsvtav1", 8, 4, {"preset": "10", "crf": "50"})
    assert [keyframe for _, keyframe in frames].count(True) >= 2
    for data, keyframe in frames:
        payloads = packetized(data, 1000)
        if not with_n:
            payloads = [bytes([payload[0] & ~N]) + payload[1:] for payload in payloads]
        flags = [describe(payload)["is_keyframe"] for payload in payloads]
        assert flags == [int(keyframe)] + [0] * (len(payloads) - 1)
