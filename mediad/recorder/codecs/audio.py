"""Codecs of audio: each packet is a frame of its own, and a lost one harms no other."""

from __future__ import annotations

from collections.abc import Callable

from mediad.recorder.codecs.frame import Frame, Malformed

_OPUS_SILK_MS = (10, 20, 40, 60)
_OPUS_CELT_US = (2500, 5000, 10000, 20000)
_OPUS_MAX_US = 120_000


class AudioDepacketizer:
    """Packets of audio in, frames out."""

    waits = False

    def __init__(self, samples: Callable[[bytes], int], *, redundant: bool = False) -> None:
        """Begin; `samples` tells the length of a payload, `redundant` is for audio/red."""
        self.damaged = 0
        self._samples = samples
        self._redundant = redundant

    def push(self, payload: bytes, timestamp: int, marker: bool, arrival_us: int) -> list[Frame]:
        """Take the payload of the next packet in order; return its frame."""
        try:
            data = primary_block(payload) if self._redundant else payload
            if not data:
                return []
            return [Frame(data, timestamp, True, arrival_us, samples=self._samples(data))]
        except (Malformed, IndexError):
            self.damaged += 1
            return []

    def lose(self) -> None:
        """Note that packets are missing: the time they leave free is silent."""


def opus_samples(packet: bytes) -> int:
    """Return the length of an Opus packet at 48 kHz (RFC 6716 section 3.1). Raises Malformed."""
    configuration, code = packet[0] >> 3, packet[0] & 3
    if configuration < 12:
        frame_us = 1000 * _OPUS_SILK_MS[configuration & 3]
    elif configuration < 16:
        frame_us = 10000 if not configuration & 1 else 20000
    else:
        frame_us = _OPUS_CELT_US[configuration & 3]
    count = packet[1] & 0x3F if code == 3 else (1, 2, 2)[code]
    if not count or count * frame_us > _OPUS_MAX_US:
        raise Malformed
    return count * frame_us * 48 // 1000


def primary_block(payload: bytes) -> bytes:
    """Return the newest block of a packet of redundant audio (RFC 2198 section 3). Raises Malformed."""
    at = older = 0
    while payload[at] & 0x80:
        older += (payload[at + 2] & 3) << 8 | payload[at + 3]
        at += 4
    if at + 1 + older > len(payload):
        raise Malformed
    return payload[at + 1 + older :]
