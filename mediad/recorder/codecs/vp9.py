"""VP9 (RFC 9628)."""

from __future__ import annotations

from mediad.recorder.codecs.bits import BitReader
from mediad.recorder.codecs.frame import Malformed, Picture
from mediad.recorder.codecs.video import VideoDepacketizer

_SYNC_CODE = 0x498342
_MAX_LAYERS = 8


class Vp9Depacketizer(VideoDepacketizer):
    """Packets of VP9 in, frames out; those of one picture's spatial layers are one superframe."""

    def __init__(self) -> None:
        super().__init__()
        self._layers: list[int] = []
        """The size of each layer's frame so far."""
        self._top: Picture | None = None
        """The size of the highest layer, as the picture's scalability structure tells it."""
        self._ended = True

    def begin_frame(self) -> None:
        """Forget the layers of the picture before."""
        self._layers = []
        self._top = None
        self._ended = True

    def parts(self, payload: bytes, first: bool) -> list[bytes]:
        """Return the packet's part of the picture; layers have to begin and end where they say so."""
        descriptor = payload[0]
        at, top = _read_descriptor(payload)
        self._top = top or self._top
        begins, ends = bool(descriptor & 0x08), bool(descriptor & 0x04)
        if at >= len(payload) or begins != self._ended:
            raise Malformed
        if begins:
            self._layers.append(0)
        self._layers[-1] += len(payload) - at
        self._ended = ends
        return [payload[at:]]

    def finish_frame(self, parts: list[bytes]) -> tuple[bytes, Picture | None]:
        """Return the picture, with an index when it has several layers (VP9 bitstream, annex B)."""
        if not self._ended or not 1 <= len(self._layers) <= _MAX_LAYERS:
            raise Malformed
        data = b"".join(parts)
        picture = _key_picture(data)
        if len(self._layers) > 1:
            data += _superframe_index(self._layers)
            picture = picture and (self._top or picture)
        return data, picture


def _read_descriptor(payload: bytes) -> tuple[int, Picture | None]:
    """Return where the payload descriptor ends, and the size of the highest layer if it is told.

    RFC 9628 section 4.2.
    """
    descriptor, top = payload[0], None
    at = 1
    if descriptor & 0x80:  # I
        at += 2 if payload[at] & 0x80 else 1
    if descriptor & 0x20:  # L: with F not set, TL0PICIDX follows
        at += 1 if descriptor & 0x10 else 2
    if descriptor & 0x50 == 0x50:  # P and F: up to three differences
        for _ in range(3):
            at += 1
            if not payload[at - 1] & 1:
                break
        else:
            raise Malformed
    if descriptor & 0x02:  # V: the scalability structure
        structure = payload[at]
        at += 1
        if structure & 0x10:
            at += 4 * ((structure >> 5) + 1)
            size = payload[at - 4 : at]
            top = Picture(int.from_bytes(size[:2], "big"), int.from_bytes(size[2:], "big"))
        if structure & 0x08:
            pictures = payload[at]
            at += 1
            for _ in range(pictures):
                at += 1 + (payload[at] >> 2 & 3)
    return at, top


def _key_picture(data: bytes) -> Picture | None:
    """Return the size that a key frame's header tells; None for other frames. Raises Malformed, OutOfBits."""
    bits = BitReader(data[:16])
    if bits.take(2) != 2:
        raise Malformed
    profile = bits.take(1) | bits.take(1) << 1
    if profile == 3:
        bits.skip(1)
    if bits.flag():  # show_existing_frame
        return None
    if bits.flag():  # frame_type
        return None
    bits.skip(2)
    if bits.take(24) != _SYNC_CODE:
        raise Malformed
    if profile >= 2:
        bits.skip(1)
    if bits.take(3) != 7:  # color_space, not RGB
        bits.skip(1)
        if profile & 1:
            bits.skip(3)
    elif profile & 1:
        bits.skip(1)
    return Picture(bits.take(16) + 1, bits.take(16) + 1)


def _superframe_index(sizes: list[int]) -> bytes:
    width = max((max(sizes).bit_length() + 7) // 8, 1)
    marker = bytes((0xC0 | width - 1 << 3 | len(sizes) - 1,))
    return marker + b"".join(size.to_bytes(width, "little") for size in sizes) + marker
