"""AV1 (RTP Payload Format For AV1, version 1.0)."""

from __future__ import annotations

from mediad.recorder.codecs.bits import BitReader
from mediad.recorder.codecs.frame import Malformed, Picture
from mediad.recorder.codecs.video import VideoDepacketizer

_SEQUENCE_HEADER, _TEMPORAL_DELIMITER, _TILE_LIST = 1, 2, 8
_HAS_EXTENSION, _HAS_SIZE = 0x04, 0x02
_MAX_LEB_BYTES = 8


class Av1Depacketizer(VideoDepacketizer):
    """Packets of AV1 in, temporal units out, each OBU with its size and without temporal delimiters."""

    def __init__(self) -> None:
        super().__init__()
        self._piece: bytearray | None = None
        """The OBU that the next packet continues."""
        self._picture: Picture | None = None
        """The pictures of the temporal unit's sequence header."""

    def begin_frame(self) -> None:
        """Forget the temporal unit before."""
        self._piece = None
        self._picture = None

    def parts(self, payload: bytes, first: bool) -> list[bytes]:
        """Return the OBUs that the packet completes."""
        continues, continued = bool(payload[0] & 0x80), bool(payload[0] & 0x40)  # Z, Y
        count = payload[0] >> 4 & 3  # W
        if continues != (self._piece is not None):
            raise Malformed
        elements = list(_elements(payload, count))
        obus = []
        for index, element in enumerate(elements):
            piece, self._piece = self._piece, None
            whole = bytes(piece) + element if piece is not None else element
            if continued and index == len(elements) - 1:
                self._piece = bytearray(whole)
            else:
                obus += self._obu(whole)
        return obus

    def _obu(self, obu: bytes) -> list[bytes]:
        if not obu:
            return []
        kind = obu[0] >> 3 & 15
        if kind in (_TEMPORAL_DELIMITER, _TILE_LIST) or obu[0] & 0x80:
            return []
        head = 2 if obu[0] & _HAS_EXTENSION else 1
        body = obu[head:]
        if obu[0] & _HAS_SIZE:
            size, width = _leb128(body, 0)
            body = body[width : width + size]
        if kind == _SEQUENCE_HEADER:
            self._picture = read_sequence_header(body)
        return [bytes((obu[0] | _HAS_SIZE,)) + obu[1:head] + _to_leb128(len(body)) + body]

    def finish_frame(self, parts: list[bytes]) -> tuple[bytes, Picture | None]:
        """Return the temporal unit; one with a sequence header begins a coded video sequence."""
        if self._piece is not None:
            raise Malformed
        return b"".join(parts), self._picture


def _elements(payload: bytes, count: int) -> list[bytes]:
    """Return the OBU elements; with `count`, the last one has no length."""
    found: list[bytes] = []
    at = 1
    while at < len(payload):
        if count and len(found) == count - 1:
            size = len(payload) - at
        else:
            size, width = _leb128(payload, at)
            at += width
        if at + size > len(payload):
            raise Malformed
        found.append(payload[at : at + size])
        at += size
    if count and len(found) != count:
        raise Malformed
    return found


def _leb128(data: bytes, at: int) -> tuple[int, int]:
    """Return the number at `at`, and its length."""
    value = 0
    for index in range(_MAX_LEB_BYTES):
        byte = data[at + index]
        value |= (byte & 0x7F) << 7 * index
        if not byte & 0x80:
            return value, index + 1
    raise Malformed


def _to_leb128(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def read_sequence_header(body: bytes) -> Picture:
    """Return the size of the pictures of a sequence (AV1 section 5.5.1). Raises OutOfBits."""
    bits = BitReader(body)
    bits.skip(4)
    if bits.flag():  # reduced_still_picture_header
        bits.skip(5)
    else:
        decoder_model, delay_bits = False, 0
        if bits.flag():  # timing_info
            bits.skip(64)
            if bits.flag():
                bits.golomb()
            decoder_model = bits.flag()
            if decoder_model:
                delay_bits = bits.take(5) + 1
                bits.skip(42)
        initial_display = bits.flag()
        for _ in range(bits.take(5) + 1):
            bits.skip(12)
            if bits.take(5) > 7:
                bits.skip(1)
            if decoder_model and bits.flag():
                bits.skip(2 * delay_bits + 1)
            if initial_display and bits.flag():
                bits.skip(4)
    width_bits, height_bits = bits.take(4) + 1, bits.take(4) + 1
    return Picture(bits.take(width_bits) + 1, bits.take(height_bits) + 1)
