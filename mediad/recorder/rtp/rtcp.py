"""RTCP as the recorder needs it: reads sender reports, writes reports and PLI (RFC 3550, RFC 4585)."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple

_SENDER_REPORT, _RECEIVER_REPORT, _SDES, _PAYLOAD_FEEDBACK = 200, 201, 202, 206
_PLI = 1
_HEADER = struct.Struct("!BBHI")
_SENDER_INFO = struct.Struct("!III")
_BLOCK = struct.Struct("!IIIIII")
MAX_BLOCKS = 31
"""Report blocks in one packet: their count has five bits."""


class SenderReport(NamedTuple):
    """The instant at which a sender's two clocks had these values."""

    ssrc: int
    ntp_us: int
    """The sender's wall clock in microseconds, since 1900."""
    compact_ntp: int
    """The middle 32 bits of it, by which a receiver report refers to this one."""
    timestamp: int


class ReportBlock(NamedTuple):
    """Figures of one received stream (RFC 3550 section 6.4.1)."""

    ssrc: int
    fraction_lost: int
    lost: int
    highest: int
    last_report: int
    delay: int
    """The time since that report came, in 1/65536 s."""


def read_sender_reports(data: bytes) -> Iterator[SenderReport]:
    """Yield the sender reports of a compound packet, as far as its lengths are right."""
    at = 0
    while at + _HEADER.size <= len(data):
        first, kind, words, ssrc = _HEADER.unpack_from(data, at)
        end = at + 4 + 4 * words
        if first >> 6 != 2 or end > len(data):
            return
        if kind == _SENDER_REPORT and end - at >= _HEADER.size + _SENDER_INFO.size:
            seconds, fraction, timestamp = _SENDER_INFO.unpack_from(data, at + _HEADER.size)
            compact = (seconds & 0xFFFF) << 16 | fraction >> 16
            yield SenderReport(ssrc, seconds * 1_000_000 + (fraction * 1_000_000 >> 32), compact, timestamp)
        at = end


def write_reports(ssrc: int, blocks: Sequence[ReportBlock]) -> bytes:
    """Return one receiver report with at most MAX_BLOCKS blocks, and the SDES that has to follow it."""
    words = 1 + 6 * len(blocks)
    report = [_HEADER.pack(0x80 | len(blocks), _RECEIVER_REPORT, words, ssrc)]
    for block in blocks:
        lost = block.fraction_lost << 24 | min(block.lost, 0x7FFFFF)
        highest = block.highest & 0xFFFFFFFF
        report.append(_BLOCK.pack(block.ssrc, lost, highest, 0, block.last_report, block.delay))
    name = b"recorder"
    item = bytes((1, len(name))) + name
    item += bytes(4 - len(item) % 4)  # ends with at least one zero
    report.append(_HEADER.pack(0x81, _SDES, 1 + len(item) // 4, ssrc) + item)
    return b"".join(report)


def write_pli(ssrc: int, media_ssrc: int) -> bytes:
    """Return a request for a key frame (RFC 4585 section 6.3.1), after the report that begins a compound."""
    pli = _HEADER.pack(0x80 | _PLI, _PAYLOAD_FEEDBACK, 2, ssrc) + struct.pack("!I", media_ssrc)
    return write_reports(ssrc, ()) + pli
