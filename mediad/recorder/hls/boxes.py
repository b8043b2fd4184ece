"""Boxes: a fragmented MP4 file (ISO/IEC 14496-12) taken apart into its beginning and its fragments.

The muxer writes one stream of bytes; players fetch its pieces: first `ftyp` and `moov`, which set up a
decoder, then pairs of `moof` and `mdat`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from mediad.errors import InvalidInput

MAX_BOX_BYTES = 64 * 1024 * 1024
"""The largest box that is waited for: far more than a second of any stream."""

_HEADER = struct.Struct(">I4s")
_FULL = struct.Struct(">I")
_DURATION, _SIZE, _FLAGS, _OFFSET = 0x100, 0x200, 0x400, 0x800
_FIRST_FLAGS, _DATA_OFFSET = 0x004, 0x001
_NOT_SYNC = 0x10000


@dataclass(frozen=True, slots=True)
class Run:
    """The samples of one track in a fragment."""

    duration: int
    """Units of the track's time scale."""
    begins_with_sync: bool
    """True when the first sample can be decoded without others: a key frame, or sound."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """One `moof` and its `mdat`."""

    data: bytes
    runs: dict[int, Run]
    """The samples of each track in it, by track id."""


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
            return [Fragment(moof + box, dict(_runs(moof)))]
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


def _runs(moof: bytes) -> Iterator[tuple[int, Run]]:
    for kind, traf in children(moof[_HEADER.size :]):
        if kind == b"traf":
            yield _run_of(traf)


def _run_of(traf: bytes) -> tuple[int, Run]:
    """Return a track fragment's track id and samples."""
    header, total, sync = _Header(0, 0, 0), 0, None
    try:
        for kind, body in children(traf):
            if kind == b"tfhd":
                header = _header(body)
            elif kind == b"trun":
                duration, first_flags = _samples(body, header)
                total += duration
                sync = not first_flags & _NOT_SYNC if sync is None else sync
    except struct.error:
        raise InvalidInput("fragmented MP4: a box is cut short") from None
    return header.track_id, Run(total, bool(sync))


class _Header(NamedTuple):
    """The values of samples of which nothing else is said (`tfhd`)."""

    track_id: int
    duration: int
    flags: int


def _header(body: bytes) -> _Header:
    flags, track_id = struct.unpack_from(">II", body)
    offset = 8
    values = {}
    # base data offset, sample description index, duration, size, flags
    for flag, size in ((0x01, 8), (0x02, 4), (0x08, 4), (0x10, 4), (0x20, 4)):
        if flags & flag:
            values[flag] = int.from_bytes(body[offset : offset + size])
            offset += size
    return _Header(track_id, values.get(0x08, 0), values.get(0x20, 0))


def _samples(body: bytes, header: _Header) -> tuple[int, int]:
    """Return the duration of a `trun` box, and the flags of its first sample."""
    flags, count = struct.unpack_from(">II", body)
    offset = 12 if flags & _DATA_OFFSET else 8
    first_flags = header.flags
    if flags & _FIRST_FLAGS:
        (first_flags,) = _FULL.unpack_from(body, offset)
        offset += 4
    fields = [flag for flag in (_DURATION, _SIZE, _FLAGS, _OFFSET) if flags & flag]
    step = 4 * len(fields)
    if offset + count * step > len(body):
        raise InvalidInput(f"fragmented MP4: {count} samples in a box of {len(body)} bytes")
    if flags & _FLAGS and not flags & _FIRST_FLAGS and count:
        (first_flags,) = _FULL.unpack_from(body, offset + 4 * fields.index(_FLAGS))
    if not flags & _DURATION:
        return count * header.duration, first_flags
    return sum(_FULL.unpack_from(body, offset + index * step)[0] for index in range(count)), first_flags
