"""Payload descriptors of every codec. An input: codec, descriptor length, dependency descriptor, payload."""

from __future__ import annotations

from mediad._fastpath.wire.payload import Codec
from mediad._fastpath.wire.rtp import ExtensionKind
from tests.fuzz.target import Target
from tests.support.rtp import TWO_BYTE, extension_block, packet, two_byte_elements
from tests.windows import wire as window

DESCRIPTOR = bytes([0x80, 0x12, 0x34, 0x80, 0x00, 0x85, 0x5C])  # L1T3, with its structure
PAYLOADS = {
    Codec.CODEC_OTHER: b"\x00",
    Codec.CODEC_OPUS: b"\x78\x00",
    Codec.CODEC_VP8: b"\x90\xe0\x80\x01\x2a\x60\x10\x02\x00\x9d\x01\x2a",
    Codec.CODEC_VP9: b"\xaa\x80\x01\x04\x00\x82",
    Codec.CODEC_H264: b"\x78\x00\x03\x67\x42\x00\x00\x02\x68\xce",
    Codec.CODEC_AV1: b"\x00\x85\x00\x0a\x0b\x00\x00\x34\x40",
    Codec.CODEC_H265: b"\x60\x01\x00\x03\x40\x01\x0c\x00\x02\x42\x01",
    Codec.CODEC_RED: b"\xef\x0f\x00\x02\x6f\xaa\xbb\x78",
}
KINDS = {5: ExtensionKind.EXT_DEPENDENCY_DESCRIPTOR}
MORE = [
    bytes([Codec.CODEC_H264, 0, 0x7C, 0x87]),
    bytes([Codec.CODEC_H264, 0, 0x7C]),
    bytes([Codec.CODEC_H264, 0, 0x09, 0x10]),
    bytes([Codec.CODEC_H265, 0, 0x62, 0x01, 0xA1]),
    bytes([Codec.CODEC_H265, 0, 0x46, 0x01]),
    bytes([Codec.CODEC_VP9, 0, 0xF8, 0x81, 0x02, 0x45, 0x03, 0x02, 0x00]),
    bytes([Codec.CODEC_VP9, 0, 0x80]),
    bytes([Codec.CODEC_VP9, 0, 0xA0, 0x05]),
    bytes([Codec.CODEC_VP9, 0, 0xA8, 0x05, 0x30]),
    bytes([Codec.CODEC_VP9, 0, 0x8A, 0x05, 0xF8, 0x01]),
    bytes([Codec.CODEC_VP8, 0, 0x90]),
]
SEEDS = (
    MORE
    + [bytes([codec, 0]) + payload for codec, payload in PAYLOADS.items()]
    + [bytes([Codec.CODEC_AV1, len(DESCRIPTOR)]) + DESCRIPTOR + PAYLOADS[Codec.CODEC_AV1]]
)


def one_input(data: bytes) -> None:
    if len(data) < 2:
        return
    codec, descriptor, payload = data[0] % len(Codec), data[2 : 2 + data[1]], data[2 + data[1] :]
    block = extension_block(TWO_BYTE, two_byte_elements([(5, descriptor)])) if descriptor else b""
    whole = packet(payload, extension=block)
    info = window.describe(codec, whole, KINDS)
    assert info["starts_frame"] or not info["is_keyframe"]
    assert max(info["temporal_layer"], info["spatial_layer"]) <= 7
    rewritten = window.rewrite_vp8(codec, packet(payload), info["picture_id"], info["tl0_picture_index"])
    assert rewritten == payload  # the numbers it had, written where they were
    mapped = window.map_red(payload, 111, 100)
    assert mapped is None or len(mapped) == len(payload)
    dependencies = window.Dependencies()  # what one descriptor leaves behind, the next reads
    for later, one in enumerate((descriptor, payload[:255], descriptor)):
        assert dependencies.describe(one, later) is None or len(one) >= 3
        assert all(spatial < 4 and temporal < 8 for spatial, temporal in dependencies.templates)


NAMES = ("av1", "dependency", "h264", "h265", "payload", "red", "vp8", "vp9")
TARGET = Target("payload", SEEDS, lambda: one_input, tuple(f"_fastpath/wire/{name}.pyx" for name in NAMES))
