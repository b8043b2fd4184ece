"""H.264 (RFC 6184): single units, STAP-A and FU-A, which is all that packetization modes 0 and 1 have."""

from __future__ import annotations

from mediad.recorder.codecs.bits import BitReader
from mediad.recorder.codecs.frame import Malformed, Picture
from mediad.recorder.codecs.nal import START_CODE, aggregated, byte_stream, parameter_sets, without_emulation
from mediad.recorder.codecs.video import VideoDepacketizer

_SLICE, _IDR, _SPS, _PPS, _STAP_A, _FU_A = 1, 5, 7, 8, 24, 28
_WITH_CHROMA_FORMAT = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134}


class H264Depacketizer(VideoDepacketizer):
    """Packets of H.264 in, access units out."""

    def __init__(self, sprop: object = None) -> None:
        """Begin; `sprop` is the fmtp parameter sprop-parameter-sets, for senders that repeat none in band."""
        super().__init__()
        self._told = {unit[0] & 0x1F: unit for unit in parameter_sets(sprop)}
        self._sets = dict(self._told)
        self._types: set[int] = set()
        self._first_slice = b""
        self._in_fragment = False

    def lose(self) -> None:
        """Note a loss; new parameter sets may be lost, and a picture must not be decoded by older ones."""
        super().lose()
        self._sets = dict(self._told)

    def begin_frame(self) -> None:
        """Forget the units of the frame before."""
        self._types = set()
        self._first_slice = b""
        self._in_fragment = False

    def parts(self, payload: bytes, first: bool) -> list[bytes]:
        """Return the packet's units, or its piece of one."""
        kind = payload[0] & 0x1F
        if kind == _FU_A:
            return self._fragment(payload)
        if self._in_fragment or not 1 <= kind <= _STAP_A:
            raise Malformed
        units = list(aggregated(payload[1:])) if kind == _STAP_A else [payload]
        for unit in units:
            self._see(unit)
        return [byte_stream(units)]

    def _fragment(self, payload: bytes) -> list[bytes]:
        header = payload[1]
        begins, ends = bool(header & 0x80), bool(header & 0x40)
        if begins == self._in_fragment or len(payload) < 3:
            raise Malformed
        self._in_fragment = not ends
        if not begins:
            return [payload[2:]]
        unit = bytes((payload[0] & 0xE0 | header & 0x1F,)) + payload[2:]
        self._see(unit)
        return [START_CODE, unit]

    def _see(self, unit: bytes) -> None:
        kind = unit[0] & 0x1F
        self._types.add(kind)
        if kind in (_SPS, _PPS):
            self._sets[kind] = unit
        elif kind in (_SLICE, _IDR) and not self._first_slice:
            self._first_slice = unit[:8]

    def finish_frame(self, parts: list[bytes]) -> tuple[bytes, Picture | None]:
        """Return the access unit; a key frame gets the parameter sets that it needs and does not carry."""
        if self._in_fragment:
            raise Malformed
        if self._first_slice and not self._first_slice[1] & 0x80:  # first_mb_in_slice is not 0
            raise Malformed
        if not self._first_slice and not self._types & {2, 3, 4}:
            return b"", None  # parameter sets alone, which are kept for the key frame
        if _IDR not in self._types:
            return b"".join(parts), None
        if not self._sets.keys() >= {_SPS, _PPS}:
            raise Malformed  # nobody could decode it
        missing = [self._sets[kind] for kind in (_SPS, _PPS) if kind not in self._types]
        return byte_stream(missing) + b"".join(parts), read_sps(self._sets[_SPS])


def read_sps(unit: bytes) -> Picture:
    """Return what a sequence parameter set says (H.264 section 7.3.2.1.1). Raises OutOfBits."""
    bits = BitReader(without_emulation(unit[1:]))
    profile = bits.take(8)
    bits.skip(16)
    bits.golomb()
    chroma, separate = 1, False
    if profile in _WITH_CHROMA_FORMAT:
        chroma = bits.golomb()
        separate = chroma == 3 and bits.flag()
        bits.golomb()
        bits.golomb()
        bits.skip(1)
        if bits.flag():
            for index in range(12 if chroma == 3 else 8):
                if bits.flag():
                    _skip_scaling_list(bits, 16 if index < 6 else 64)
    bits.golomb()
    _skip_picture_order(bits)
    bits.golomb()
    bits.skip(1)
    width, height = bits.golomb() + 1, bits.golomb() + 1
    frames_only = bits.flag()
    if not frames_only:
        bits.skip(1)
    bits.skip(1)
    left = right = top = bottom = 0
    if bits.flag():
        left, right, top, bottom = (bits.golomb() for _ in range(4))
    across = 2 if chroma in (1, 2) and not separate else 1
    down = (2 if chroma == 1 and not separate else 1) * (1 if frames_only else 2)
    return Picture(
        16 * width - across * (left + right),
        16 * height * (1 if frames_only else 2) - down * (top + bottom),
        0 if profile == 66 else _reorder(bits),
    )


def _skip_scaling_list(bits: BitReader, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.signed_golomb()) & 0xFF
        last = following or last


def _skip_picture_order(bits: BitReader) -> None:
    kind = bits.golomb()
    if kind == 0:
        bits.golomb()
    elif kind == 1:
        bits.skip(1)
        bits.signed_golomb()
        bits.signed_golomb()
        cycle = bits.golomb()
        if cycle > 255:
            raise Malformed
        for _ in range(cycle):
            bits.signed_golomb()


def _reorder(bits: BitReader) -> int:
    """Return max_num_reorder_frames of the VUI (H.264 section E.1.1); 0 when it is not told.

    A call has no B-frames and often no VUI; who sends them (x264 for a broadcast) tells the number.
    """
    if not bits.flag():
        return 0
    if bits.flag() and bits.take(8) == 255:  # aspect_ratio_idc: Extended_SAR
        bits.skip(32)
    if bits.flag():
        bits.skip(1)
    if bits.flag():  # video_signal_type
        bits.skip(4)
        if bits.flag():
            bits.skip(24)
    if bits.flag():  # chroma_loc_info
        bits.golomb()
        bits.golomb()
    if bits.flag():  # timing_info
        bits.skip(65)
    hypothetical = False
    for _ in range(2):
        if bits.flag():
            _skip_hrd(bits)
            hypothetical = True
    if hypothetical:
        bits.skip(1)
    bits.skip(1)
    if not bits.flag():  # bitstream_restriction
        return 0
    bits.skip(1)
    for _ in range(4):
        bits.golomb()
    return min(bits.golomb(), 16)


def _skip_hrd(bits: BitReader) -> None:
    count = bits.golomb() + 1
    if count > 32:
        raise Malformed
    bits.skip(8)
    for _ in range(count):
        bits.golomb()
        bits.golomb()
        bits.skip(1)
    bits.skip(20)
