"""Rules of all codecs of video: a frame ends with the marker, a loss costs all until a key frame.

A frame is written when each of its packets is there, and when every frame before it is, back to a key frame:
what a decoder gets is whole. A receiver in a call could show damaged pictures; a file would keep them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from mediad.recorder.codecs.bits import OutOfBits
from mediad.recorder.codecs.frame import Frame, Malformed, Picture

MAX_FRAME_BYTES = 8 * 1024 * 1024
"""A larger frame is not written: nothing in a call sends one."""


class VideoDepacketizer(ABC):
    """The frame that is being put together, and whether the next one can be decoded."""

    def __init__(self) -> None:
        self.waits = True
        self.damaged = 0
        self._parts: list[bytes] = []
        self._bytes = 0
        self._timestamp = -1
        self._arrival_us = 0
        self._spoilt = False
        """True when the frame at `_timestamp` lacks a part."""
        self._open = False
        """True when a packet of the frame at `_timestamp` has come, and its end has not."""

    def push(self, payload: bytes, timestamp: int, marker: bool, arrival_us: int) -> list[Frame]:
        """Take the payload of the next packet in order; return the frames that it completes."""
        if not payload:  # padding alone
            return []
        frames = []
        if self._open and timestamp != self._timestamp:
            frames += self._finish()  # its sender sets no marker
        if not self._open:
            self._begin(timestamp, arrival_us)
        if not self._spoilt:
            self._add(payload)
        if marker:
            frames += self._finish()
        return frames

    def lose(self) -> None:
        """Note that packets are missing before the next one."""
        if self._open:
            self._spoilt = True
            self._finish()
        self.waits = True

    def _begin(self, timestamp: int, arrival_us: int) -> None:
        self._open, self._spoilt = True, False
        self._timestamp, self._arrival_us = timestamp, arrival_us
        self._parts, self._bytes = [], 0
        self.begin_frame()

    def _add(self, payload: bytes) -> None:
        try:
            parts = self.parts(payload, first=not self._parts)
        except (Malformed, OutOfBits, IndexError):
            self._spoilt = True
            return
        self._parts += parts
        self._bytes += sum(map(len, parts))
        if self._bytes > MAX_FRAME_BYTES:
            self._spoilt = True
            self._parts = []

    def _finish(self) -> list[Frame]:
        """End the frame; return it, if it is whole and can be decoded."""
        self._open = False
        parts, self._parts = self._parts, []
        if not self._spoilt:
            try:
                finished = self.finish_frame(parts)
            except (Malformed, OutOfBits, IndexError):
                self._spoilt = True
        if self._spoilt:
            self.damaged += 1
            self.waits = True
            return []
        data, picture = finished
        if picture is not None:
            self.waits = False
        if self.waits or not data:
            return []
        return [Frame(data, self._timestamp, picture is not None, self._arrival_us, picture)]

    def begin_frame(self) -> None:  # noqa: B027 - most codecs keep nothing of their own
        """Forget what is known of the frame before."""

    @abstractmethod
    def parts(self, payload: bytes, first: bool) -> list[bytes]:
        """Return what a packet adds to its frame; `first`: nothing was added yet. Raises Malformed."""

    @abstractmethod
    def finish_frame(self, parts: list[bytes]) -> tuple[bytes, Picture | None]:
        """Return the frame as a container stores it, and its Picture if it is a key frame.

        Raises Malformed, also when it cannot be the beginning of a picture.
        """
