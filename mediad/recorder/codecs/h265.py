"""H.265 (RFC 7798): single units, aggregation packets and fragmentation units, without DONL fields."""

from __future__ import annotations

from mediad.recorder.codecs.bits import BitReader
from mediad.recorder.codecs.frame import Malformed, Picture
from mediad.recorder.codecs.nal import START_CODE, aggregated, byte_stream, parameter_sets, without_emulation
from mediad.recorder.codecs.video import VideoDepacketizer

_VPS, _SPS, _PPS, _AGGREGATION, _FRAGMENT = 32, 33, 34, 48, 49
_SETS = (_VPS, _SPS, _PPS)
_KEY_TYPES = range(16, 22)  # BLA, IDR and CRA


class H265Depacketizer(VideoDepacketizer):
    """Packets of H.265 in, access units out."""

    def __init__(self, *sprops: object) -> None:
        """Begin; `sprops` are the fmtp parameters sprop-vps, -sps and -pps."""
        super().__init__()
        self._told = {_kind(unit): unit for sprop in sprops for unit in parameter_sets(sprop)}
        self._sets = dict(self._told)
        self._types: set[int] = set()
        self._begins_picture = True
        self._in_fragment = False

    def lose(self) -> None:
        """Note a loss; new parameter sets may be lost, and a picture must not be decoded by older ones."""
        super().lose()
        self._sets = dict(self._told)

    def begin_frame(self) -> None:
        """Forget the units of the frame before."""
        self._types = set()
        self._begins_picture = True
        self._in_fragment = False

    def parts(self, payload: bytes, first: bool) -> list[bytes]:
        """Return the packet's units, or its piece of one."""
        kind = _kind(payload)
        if kind == _FRAGMENT:
            return self._fragment(payload)
        if self._in_fragment or kind > _AGGREGATION or len(payload) < 3:
            raise Malformed
        units = list(aggregated(payload[2:])) if kind == _AGGREGATION else [payload]
        for unit in units:
            self._see(unit)
        return [byte_stream(units)]

    def _fragment(self, payload: bytes) -> list[bytes]:
        header = payload[2]
        begins, ends = bool(header & 0x80), bool(header & 0x40)
        if begins == self._in_fragment or len(payload) < 4:
            raise Malformed
        self._in_fragment = not ends
        if not begins:
            return [payload[3:]]
        unit = bytes((payload[0] & 0x81 | (header & 0x3F) << 1, payload[1])) + payload[3:]
        self._see(unit)
        return [START_CODE, unit]

    def _see(self, unit: bytes) -> None:
        if len(unit) < 3:
            raise Malformed
        kind = _kind(unit)
        if kind in _SETS:
            self._sets[kind] = unit
        elif kind < 32 and not any(known < 32 for known in self._types):
            self._begins_picture = bool(unit[2] & 0x80)  # first_slice_segment_in_pic_flag
        self._types.add(kind)

    def finish_frame(self, parts: list[bytes]) -> tuple[bytes, Picture | None]:
        """Return the access unit; a key frame gets the parameter sets that it needs and does not carry."""
        if self._in_fragment or not self._begins_picture:
            raise Malformed
        if not any(kind < 32 for kind in self._types):
            return b"", None
        if not any(kind in _KEY_TYPES for kind in self._types):
            return b"".join(parts), None
        if not self._sets.keys() >= set(_SETS):
            raise Malformed
        missing = [self._sets[kind] for kind in _SETS if kind not in self._types]
        return byte_stream(missing) + b"".join(parts), read_sps(self._sets[_SPS])


def _kind(unit: bytes) -> int:
    return unit[0] >> 1 & 0x3F


def read_sps(unit: bytes) -> Picture:
    """Return what a sequence parameter set says (H.265 section 7.3.2.2). Raises OutOfBits."""
    bits = BitReader(without_emulation(unit[2:]))
    bits.skip(4)
    sub_layers = bits.take(3)
    bits.skip(1)
    _skip_profile(bits, sub_layers)
    bits.golomb()
    chroma = bits.golomb()
    separate = chroma == 3 and bits.flag()
    width, height = bits.golomb(), bits.golomb()
    if bits.flag():  # conformance_window
        left, right, top, bottom = (bits.golomb() for _ in range(4))
        width -= (2 if chroma in (1, 2) and not separate else 1) * (left + right)
        height -= (2 if chroma == 1 and not separate else 1) * (top + bottom)
    bits.golomb()
    bits.golomb()
    bits.golomb()
    reorder = 0
    for _ in range(sub_layers + 1 if bits.flag() else 1):
        bits.golomb()
        reorder = bits.golomb()
        bits.golomb()
    return Picture(width, height, min(reorder, 16))


def _skip_profile(bits: BitReader, sub_layers: int) -> None:
    """Pass over profile_tier_level (H.265 section 7.3.3)."""
    bits.skip(96)
    present = [(bits.flag(), bits.flag()) for _ in range(sub_layers)]
    if sub_layers:
        bits.skip(2 * (8 - sub_layers))
    for profile, level in present:
        bits.skip(88 * profile + 8 * level)
