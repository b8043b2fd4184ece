"""Layered video built byte by byte: what VP8, VP9 SVC, K-SVC and AV1 senders put on the wire.

Every picture is one or more layer frames of a few packets. A frame knows which earlier frames it needs, so
that a receiver can be asked afterwards whether it could decode what it was sent.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

Codec = Literal["vp8", "vp9", "vp9_key", "av1", "av1_key", "h264"]

CODEC_NUMBERS = {"vp8": 2, "vp9": 3, "vp9_key": 3, "av1": 5, "av1_key": 5, "h264": 4}
DESCRIPTOR_ID = 13
PATTERNS = {1: (0,), 2: (0, 1), 3: (0, 2, 1, 2)}
TICKS = 3000
PIECE_BYTES = 1100
TAG = struct.Struct("!IB")  # picture and spatial layer, at the end of every payload


@dataclass(frozen=True)
class Frame:
    """One layer frame. `needs`: (picture, spatial layer) of the frames it is predicted from."""

    picture: int
    spatial: int
    temporal: int
    is_key: bool
    needs: frozenset[tuple[int, int]]
    packets: tuple[bytes, ...]  # whole RTP payloads
    descriptors: tuple[bytes, ...]  # a dependency descriptor each, or b""


class Bits:
    def __init__(self) -> None:
        self.text = ""

    def put(self, *fields: tuple[int, int]) -> Bits:
        for value, width in fields:
            if width:
                self.text += f"{value:0{width}b}"
        return self

    def below(self, value: int, limit: int) -> Bits:
        """ns(limit)"""
        width = limit.bit_length()
        short = (1 << width) - limit
        if value < short:
            return self.put((value, width - 1))
        return self.put(((value + short) >> 1, width - 1), ((value + short) & 1, 1))

    def done(self) -> bytes:
        text = self.text + "0" * (-len(self.text) % 8)
        return int(text, 2).to_bytes(len(text) // 8, "big")


@dataclass(frozen=True)
class Template:
    spatial: int
    temporal: int
    indications: tuple[int, ...]  # one each decode target: 0 not present, 1 discardable, 2 switch, 3 required
    references: tuple[int, ...] = ()  # frame number differences, 1..16
    chains: tuple[int, ...] = ()


@dataclass(frozen=True)
class Structure:
    """A template dependency structure and its wire form."""

    templates: tuple[Template, ...]
    offset: int = 0
    protected_by: tuple[int, ...] = ()
    chain_count: int = 0
    resolutions: tuple[tuple[int, int], ...] = ()

    def put(self, bits: Bits) -> None:
        targets = len(self.templates[0].indications)
        bits.put((self.offset, 6), (targets - 1, 5))
        for before, after in zip(self.templates, [*self.templates[1:], None], strict=True):
            if after is None:
                step = 3
            elif (after.spatial, after.temporal) == (before.spatial, before.temporal):
                step = 0
            else:
                step = 1 if after.spatial == before.spatial else 2
            bits.put((step, 2))
        for template in self.templates:
            bits.put(*((indication, 2) for indication in template.indications))
        for template in self.templates:
            for reference in template.references:
                bits.put((1, 1), (reference - 1, 4))
            bits.put((0, 1))
        bits.below(self.chain_count, targets + 1)
        if self.chain_count:
            for chain in self.protected_by:
                bits.below(chain, self.chain_count)
            for template in self.templates:
                bits.put(*((difference, 4) for difference in template.chains))
        bits.put((bool(self.resolutions), 1))
        for width, height in self.resolutions:
            bits.put((width - 1, 16), (height - 1, 16))


def descriptor(
    template_id: int,
    number: int,
    *,
    start: bool = True,
    end: bool = True,
    structure: Structure | None = None,
    active: tuple[int, int] | None = None,
    indications: tuple[int, ...] | None = None,
    references: tuple[int, ...] | None = None,
) -> bytes:
    """`active`: (mask, decode targets); `indications`, `references`: instead of the template's."""
    bits = Bits().put((start, 1), (end, 1), (template_id, 6), (number & 0xFFFF, 16))
    if structure or active or indications is not None or references is not None:
        flags = (structure, active, indications is not None, references is not None, False)
        bits.put(*((bool(flag), 1) for flag in flags))
        if structure:
            structure.put(bits)
        if active:
            bits.put(active)
        if indications is not None:
            bits.put(*((indication, 2) for indication in indications))
        if references is not None:
            for reference in references:
                bits.put((1, 2), (reference - 1, 4))
            bits.put((0, 2))
    return bits.done()


def svc_structure(spatial: int, temporal: int, *, key_only: bool, offset: int = 0) -> Structure:
    """L{spatial}T{temporal}, or its _KEY form: per layer a template of key pictures and one of others."""
    targets = [(s, t) for s in range(spatial) for t in range(temporal)]
    templates = []
    for s in range(spatial):
        for t in range(temporal):
            if t == 0:
                key = tuple(2 if target[0] >= s else 0 for target in targets)
                templates.append(Template(s, t, key, (1,) if s else ()))
            later = tuple(_indication(s, t, target, key_only) for target in targets)
            templates.append(Template(s, t, later, (spatial,)))
    return Structure(tuple(templates), offset)


def _indication(s: int, t: int, target: tuple[int, int], key_only: bool) -> int:
    if target[1] < t or target[0] < s or (key_only and target[0] != s):
        return 0
    if target[0] > s:
        return 3
    if target[1] == t and t:
        return 1
    return 2


@dataclass
class LayeredSource:
    """Pictures one after the other, as a sender of this codec would packetize them."""

    codec: Codec
    spatial_layers: int = 1
    temporal_layers: int = 3
    long_pattern: bool = False  # the second half of it needs the first one's T1, as VP8 senders do
    picture: int = 0
    tl0: int = 200
    since_key: int = 0
    frame_number: int = 65_000
    structure_offset: int = 0
    active_spatial: int = 0  # 0: all
    last: dict[tuple[int, int], int] = field(default_factory=dict)  # (spatial, temporal) → picture

    @property
    def pattern(self) -> tuple[int, ...]:
        return PATTERNS[self.temporal_layers] * (2 if self.long_pattern else 1)

    @property
    def key_only(self) -> bool:
        return self.codec.endswith("_key")

    def next(self, *, keyframe: bool = False, sizes: Sequence[int] = ()) -> list[Frame]:
        """The layer frames of the next picture; `sizes`: bytes of each, a few small packets unless given."""
        keyframe = keyframe or not self.last
        if keyframe:
            self.since_key = 0
            self.last.clear()
            self.structure_offset = (self.structure_offset + 20) % 64
        temporal = self.pattern[self._place]
        if temporal == 0:
            self.tl0 += 1
        count = self.active_spatial or self.spatial_layers
        frames = [self._frame(s, temporal, keyframe, sizes[s] if sizes else 0) for s in range(count)]
        for frame in frames:
            self.last[frame.spatial, temporal] = self.picture
        self.picture += 1
        self.since_key += 1
        return frames

    @property
    def _place(self) -> int:
        """Return the place of the picture in its pattern."""
        return self.since_key % len(self.pattern)

    def _needs_t1(self, temporal: int) -> bool:
        """True when the picture is predicted from a T1 picture before it."""
        if self.long_pattern:
            return temporal > 0 and self._place not in (1, 2)
        return temporal == 2 and self._place == 3

    def _needs(self, spatial: int, temporal: int, keyframe: bool) -> frozenset[tuple[int, int]]:
        needs = set()
        if spatial and (keyframe or not self.key_only):
            needs.add((self.picture, spatial - 1))
        if not keyframe:
            needs.add((self.last[spatial, 0], spatial))
            if self._needs_t1(temporal):
                needs.add((self.last[spatial, 1], spatial))
        return frozenset(needs)

    @property
    def next_temporal(self) -> int:
        """The temporal layer of the next picture, unless it is a key frame."""
        return self.pattern[self._place]

    def _frame(self, spatial: int, temporal: int, keyframe: bool, size: int) -> Frame:
        needs = self._needs(spatial, temporal, keyframe)
        self.frame_number += 1
        pieces = -(-size // PIECE_BYTES) if size else 1 + (self.picture + spatial) % 3
        packets, descriptors = [], []
        for piece in range(pieces):
            first, last = piece == 0, piece == pieces - 1
            payload = self._payload(spatial, temporal, keyframe, first, last)
            filler = bytes(max(0, size // pieces - len(payload)))
            packets.append(payload[: -TAG.size] + filler + payload[-TAG.size :])
            descriptors.append(self._descriptor(spatial, temporal, keyframe, first, last))
        return Frame(
            self.picture,
            spatial,
            temporal,
            keyframe and spatial == 0,
            needs,
            tuple(packets),
            tuple(descriptors),
        )

    def _payload(self, spatial: int, temporal: int, keyframe: bool, first: bool, last: bool) -> bytes:
        tag = TAG.pack(self.picture, spatial)
        if self.codec == "vp8":
            sync = temporal > 0 and not self._needs_t1(temporal)
            head = bytes([0x90 if first else 0x80, 0xE0])
            head += struct.pack("!H", 0x8000 | self.picture & 0x7FFF)
            head += bytes([self.tl0 & 0xFF, temporal << 6 | sync << 5])
            return head + bytes([0x00 if keyframe else 0x01]) + tag
        if self.codec.startswith("vp9"):
            inter_layer = spatial > 0 and (keyframe or not self.key_only)
            unneeded = spatial == self.spatial_layers - 1 or (self.key_only and not keyframe)
            structure = keyframe and spatial == 0 and first
            flags = (
                0x80 | (0 if keyframe else 0x40) | 0x20 | first << 3 | last << 2 | structure << 1 | unneeded
            )
            head = bytes([flags]) + struct.pack("!H", 0x8000 | self.picture & 0x7FFF)
            up = not self._needs_t1(temporal)
            head += bytes([temporal << 5 | up << 4 | spatial << 1 | inter_layer, self.tl0 & 0xFF])
            if structure:
                head += bytes([(self.active_spatial or self.spatial_layers) - 1 << 5])
            return head + tag
        if self.codec == "h264":
            return (b"\x67" if keyframe and first else b"\x41") + tag
        return b"\x18\x32" + tag if keyframe and first else b"\x10\x32" + tag

    def _descriptor(self, spatial: int, temporal: int, keyframe: bool, first: bool, last: bool) -> bytes:
        if self.codec not in ("av1", "av1_key", "h264"):
            return b""
        structure = svc_structure(
            self.spatial_layers, self.temporal_layers, key_only=self.key_only, offset=self.structure_offset
        )
        index = spatial * (self.temporal_layers + 1) + (0 if keyframe else 1 + temporal)
        return descriptor(
            (index + self.structure_offset) % 64,
            self.frame_number,
            start=first,
            end=last,
            structure=structure if keyframe and spatial == 0 and first else None,
            active=self._active() if keyframe and spatial == 0 and first and self.active_spatial else None,
        )

    def _active(self) -> tuple[int, int]:
        targets = [(s, t) for s in range(self.spatial_layers) for t in range(self.temporal_layers)]
        mask = "".join("1" if s < self.active_spatial else "0" for s, _ in reversed(targets))
        return int(mask, 2), len(targets)


def rtp_packets(frames: list[Frame]) -> Iterator[tuple[Frame, bytes, bytes, bool]]:
    """(frame, payload, descriptor, marker) in sending order; the marker ends the picture."""
    for frame in frames:
        for number, (payload, described) in enumerate(zip(frame.packets, frame.descriptors, strict=True)):
            last = frame is frames[-1] and number == len(frame.packets) - 1
            yield frame, payload, described, last
