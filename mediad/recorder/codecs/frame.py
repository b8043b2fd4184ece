"""Frames, which depacketisers make of packets."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class Picture(NamedTuple):
    """News that a key frame has about the frames from it on."""

    width: int
    height: int
    reorder: int = 0
    """The number of frames that may come before one that is shown earlier (B-frames)."""


class Frame(NamedTuple):
    """One frame as a container stores it."""

    data: bytes
    timestamp: int
    """The RTP timestamp, as it was on the wire."""
    key: bool
    arrival_us: int
    """The arrival of its first packet."""
    picture: Picture | None = None
    """The pictures from a key frame on; None for other frames."""
    samples: int = 0
    """The length of audio, in the units of the RTP clock; 0: unknown."""


class Malformed(Exception):
    """A payload that its codec's RTP format does not allow; the frame it belongs to is not written."""


class Depacketizer(Protocol):
    """Packets of one track in, whole frames out."""

    def push(self, payload: bytes, timestamp: int, marker: bool, arrival_us: int) -> list[Frame]:
        """Take the payload of the next packet in order; return the frames that it completes."""
        ...

    def lose(self) -> None:
        """Note that packets are missing before the next one."""
        ...

    @property
    def waits(self) -> bool:
        """True while nothing can be written before a key frame comes."""
        ...

    @property
    def damaged(self) -> int:
        """The number of frames that were not written because a part of them is missing or wrong."""
        ...
