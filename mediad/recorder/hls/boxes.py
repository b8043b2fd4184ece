"""Boxes: a fragmented MP4 file (ISO/IEC 14496-12) taken apart into its beginning and its fragments.

The muxer writes one stream of bytes; players fetch its pieces: first `ftyp` and `moov`, which set up a
decoder, then pairs of `moof` and `mdat`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from mediad.errors import InvalidInput

MAX_BOX_BYTES = 64 * 1024 * 1024
"""The largest box that is waited for: far more than a second of any stream."""

_HEADER = struct.Struct(">I4s")
_FULL = struct.Struct(">I")
_DURATION, _SIZE, _FLAGS, _OFFSET = 0x100, 0x200, 0x400, 0x800
_FIRST_FLAGS, _DATA_OFFSET = 0x004, 0x001


@dataclass(frozen=True, slots=True)
class Fragment:
    """One `moof` and its `mdat`."""

    data: bytes
    durations: dict[int, int]
    """The duration of each track in it, by track id, in units of the track's time scale."""


class Splitter:
    """Bytes of a fragmented MP4 in, its pieces out."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._head = bytearray()
        self._moof: bytes | None = None
        self.init: bytes | None = None
        """The beginning, `ftyp` and `moov`; None until it is there."""

    def feed(self, data: bytes) -> list[Fragment]:
        """Take bytes and return the fragments that they complete.

        Raises InvalidInput for what is no fragmented MP4, or a box above MAX_BOX_BYTES.
        """
        self._buffer += data
        fragments = []
        while len(self._buffer) >= _HEADER.size:
            size, kind = _HEADER.unpack_from(self._buffer)
            if not _HEADER.size <= size <= MAX_BOX_BYTES:
                raise InvalidInput(f"fragmented MP4: a box of {size} bytes")
            if len(self._buffer) < size:
                break
            box = bytes(self._buffer[:size])
            del self._buffer[:size]
            fragments += self._take(kind, box)
        return fragments

    def _take(self, kind: bytes, box: bytes) -> list[Fragment]:
        if kind == b"moof":
            self._moof = box
        elif kind == b"mdat" and self._moof is not None:
            moof, self._moof = self._moof, None
            return [Fragment(moof + box, dict(_durations(moof)))]
        elif kind in (b"ftyp", b"moov"):
            self._head += box
            if kind == b"moov":
                self.init = bytes(self._head)
        return []


def children(box: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Return the kind and the body of each box inside of `box`, a body. Raises InvalidInput."""
    offset = 0
    while offset + _HEADER.size <= len(box):
        size, kind = _HEADER.unpack_from(box, offset)
        if size < _HEADER.size or offset + size > len(box):
            raise InvalidInput(f"fragmented MP4: a box of {size} bytes inside of {len(box)}")
        yield kind, box[offset + _HEADER.size : offset + size]
        offset += size


def _durations(moof: bytes) -> Iterator[tuple[int, int]]:
    for kind, traf in children(moof[_HEADER.size :]):
        if kind == b"traf":
            yield _duration(traf)


def _duration(traf: bytes) -> tuple[int, int]:
    """Return a track fragment's track id and duration."""
    track_id = default = total = 0
    try:
        for kind, body in children(traf):
            if kind == b"tfhd":
                track_id, default = _header(body)
            elif kind == b"trun":
                total += _run(body, default)
    except struct.error:
        raise InvalidInput("fragmented MP4: a box is cut short") from None
    return track_id, total


def _header(body: bytes) -> tuple[int, int]:
    """Return a `tfhd` box's track id and default duration of a sample; 0 when it has none."""
    flags, track_id = struct.unpack_from(">II", body)
    offset = 8
    for flag, size in ((0x01, 8), (0x02, 4)):  # base data offset, sample description index
        offset += size if flags & flag else 0
    return track_id, _FULL.unpack_from(body, offset)[0] if flags & 0x08 else 0


def _run(body: bytes, default: int) -> int:
    """Return the duration of a `trun` box."""
    flags, count = struct.unpack_from(">II", body)
    flags &= 0xFFFFFF
    if not flags & _DURATION:
        return int(count) * default
    offset = 8 + (4 if flags & _DATA_OFFSET else 0) + (4 if flags & _FIRST_FLAGS else 0)
    step = sum(4 for flag in (_DURATION, _SIZE, _FLAGS, _OFFSET) if flags & flag)
    if offset + count * step > len(body):
        raise InvalidInput(f"fragmented MP4: {count} samples in a box of {len(body)} bytes")
    return sum(_FULL.unpack_from(body, offset + index * step)[0] for index in range(count))
