"""AV1: the aggregation header, what a dependency descriptor overrules, and what SVT-AV1 encodes."""

from __future__ import annotations

import pytest

from mediad._fastpath.wire.payload import Codec
from mediad._fastpath.wire.rtp import ExtensionKind
from tests.support.encoders import encoded
from tests.support.layered import descriptor, svc_structure
from tests.support.rtp import TWO_BYTE, extension_block, packet, two_byte_elements
from tests.windows import wire as window

DESCRIPTOR_ID = 13
SEQUENCE_HEADER, TEMPORAL_DELIMITER, FRAME = 1, 2, 6
KINDS = {DESCRIPTOR_ID: ExtensionKind.EXT_DEPENDENCY_DESCRIPTOR}
Z, Y, N = 0x80, 0x40, 0x08


def describe(payload: bytes, descriptor: bytes | None = None, *, marker: bool = False) -> dict[str, int]:
    block = b""
    if descriptor is not None:
        block = extension_block(TWO_BYTE, two_byte_elements([(DESCRIPTOR_ID, descriptor)]))
    return window.describe(Codec.CODEC_AV1, packet(payload, extension=block, marker=marker), KINDS)


def what_is_set(info: dict[str, int] | None) -> dict[str, int] | None:
    return None if info is None else {name: value for name, value in info.items() if value}


KEY = {"is_keyframe": 1, "starts_frame": 1}


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
    numbered = {"has_frame_number": 1, "frame_number": 1}
    later = {"starts_frame": 1, "ends_layer": 1, **numbered}
    assert what_is_set(describe(new_sequence, descriptor(0, 1))) == later
    structure = svc_structure(1, 3, key_only=False)
    info = describe(b"\x10" + obu(FRAME), descriptor(0, 1, structure=structure))
    assert what_is_set({**info, "targets": 0, "switches": 0}) == {
        **KEY, **numbered, "has_layers": 1, "ends_layer": 1, "starts_over": 1, "spatial_count": 1,
    }  # fmt: skip
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
    payloads: list[bytes] = []
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
