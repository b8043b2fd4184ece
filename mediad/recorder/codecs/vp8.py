"""VP8 (RFC 7741)."""

from __future__ import annotations

from mediad.recorder.codecs.frame import Malformed, Picture
from mediad.recorder.codecs.video import VideoDepacketizer

_START_CODE = b"\x9d\x01\x2a"


class Vp8Depacketizer(VideoDepacketizer):
    """Packets of VP8 in, frames out."""

    def parts(self, payload: bytes, first: bool) -> list[bytes]:
        """Return the packet's part of the frame; the first has to begin the first partition."""
        descriptor = payload[0]
        at = 1
        if descriptor & 0x80:  # X
            extended = payload[1]
            at = 2
            if extended & 0x80:  # I: a picture id of 7 or 15 bits
                at += 2 if payload[at] & 0x80 else 1
            at += bool(extended & 0x40)  # L
            at += bool(extended & 0x30)  # T, K
        if first and descriptor & 0x17 != 0x10:  # S, and the partition's number
            raise Malformed
        if at >= len(payload):
            raise Malformed
        return [payload[at:]]

    def finish_frame(self, parts: list[bytes]) -> tuple[bytes, Picture | None]:
        """Return the frame; one that is a key frame has a start code (RFC 6386 section 9.1)."""
        data = b"".join(parts)
        if data[0] & 1:
            return data, None
        if data[3:6] != _START_CODE or len(data) < 10:
            raise Malformed  # encrypted, perhaps: no player could show it
        width = int.from_bytes(data[6:8], "little") & 0x3FFF
        height = int.from_bytes(data[8:10], "little") & 0x3FFF
        return data, Picture(width, height)
