"""Packets put together to pictures, and whether a picture can be decoded."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.simulation.video_sender import TRUTH
from tests.support.engine import Packet
from tests.support.layered import TAG, Frame

REMEMBERED = 512  # pictures


@dataclass
class Picture:
    """All layer frames of one RTP timestamp. `first`, `last`: unwrapped sequence numbers seen of it."""

    timestamp: int
    first: int
    last: int
    frames: dict[tuple[int, int], set[int]] = field(default_factory=dict)  # by layer frame its packets
    has_end: bool = False
    was_repaired: bool = False
    picture_id: int = -1  # VP8's, 15 bits, with TL0PICIDX and the layer sync bit
    tl0: int = -1
    sync: bool = False
    complete_us: int = 0


class Assembler:
    """Knows from the tags at the payloads' ends what each packet is; the rest a decoder would know too."""

    def __init__(self, truth: TRUTH, *, vp8: bool) -> None:
        self.decoded: dict[tuple[int, int], None] = {}  # layer frames, in the order of decoding
        self._truth = truth
        self._references = Vp8References() if vp8 else None

    def add(self, picture: Picture, packet: Packet, sequence: int) -> bool:
        """True when the picture has become complete."""
        key = TAG.unpack(packet.payload[-TAG.size :])
        was_complete = picture.complete_us != 0
        picture.frames.setdefault((key[0], key[1]), set()).add(sequence)
        picture.first, picture.last = min(picture.first, sequence), max(picture.last, sequence)
        picture.has_end = picture.has_end or packet.marker
        if self._references is not None:
            picture.picture_id, picture.tl0 = packet.picture_id, packet.tl0
            picture.sync = bool(packet.payload[5] >> 5 & 1)
        return not was_complete and self._is_complete(picture)

    def _is_complete(self, picture: Picture) -> bool:
        return picture.has_end and all(
            len(packets) == len(self._truth[key].packets) for key, packets in picture.frames.items()
        )

    def layer_frames(self, picture: Picture) -> list[Frame]:
        return [self._truth[key] for key in sorted(picture.frames)]

    def is_decodable(self, picture: Picture) -> bool:
        for frame in self.layer_frames(picture):
            for needed in frame.needs:
                if needed not in self.decoded and needed not in picture.frames:
                    return False
        return self._references is None or self._references.allow(picture, self.layer_frames(picture)[0])

    def decode(self, picture: Picture) -> None:
        for key in picture.frames:
            self.decoded[key] = None
        while len(self.decoded) > 4 * REMEMBERED:
            del self.decoded[next(iter(self.decoded))]
        if self._references is not None:
            self._references.decode(picture, self.layer_frames(picture)[0])


class Vp8References:
    """References of a frame, derived from picture ids and TL0PICIDX as RFC 7741 section 4.2 lets a receiver.

    A layer sync frame needs the base frame of its TL0PICIDX; another one of an upper layer needs, as far as
    one can tell, every picture since that base frame.
    """

    def __init__(self) -> None:
        self._last_base: tuple[int, int] | None = (
            None  # TL0PICIDX, picture id of the newest base frame decoded
        )
        self._since_base: set[int] = set()  # picture ids decoded since, and its own

    def allow(self, picture: Picture, frame: Frame) -> bool:
        if frame.is_key:
            return True
        if self._last_base is None:
            return False
        tl0, base = self._last_base
        if frame.temporal == 0:
            return (picture.tl0 - tl0) & 0xFF == 1
        if picture.tl0 != tl0:
            return False
        if picture.sync:
            return True
        between = range((picture.picture_id - base) & 0x7FFF)
        return all((base + step) & 0x7FFF in self._since_base for step in between)

    def decode(self, picture: Picture, frame: Frame) -> None:
        if frame.temporal == 0:
            self._last_base = picture.tl0, picture.picture_id
            self._since_base.clear()
        self._since_base.add(picture.picture_id)
