"""The RTCP that modelled clients write and read (RFC 3550, 3611, 4585)."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

SR, RR, RTPFB, PSFB, XR = 200, 201, 205, 206, 207
NACK, PLI = 1, 1
WALL_US = 1_699_999_999_000_000  # of the clock's zero
NTP_OFFSET_S = 2_208_988_800


def ntp(now_us: int) -> int:
    """64 bits; a client's wall clock."""
    seconds, us = divmod(WALL_US + now_us, 1_000_000)
    return (seconds + NTP_OFFSET_S) << 32 | (us << 32) // 1_000_000


def sender_report(ssrc: int, now_us: int, timestamp: int, packets: int, octets: int) -> bytes:
    return struct.pack("!BBHIQIII", 0x80, SR, 6, ssrc, ntp(now_us), timestamp & 0xFFFFFFFF, packets, octets)


@dataclass(frozen=True, slots=True)
class ReportBlock:
    ssrc: int
    fraction_lost: int  # of 256
    lost: int
    highest_sequence: int
    jitter: int
    last_report: int  # middle 32 bits of the newest sender report's NTP time
    delay: int  # since it came, in 1/65536 s


def receiver_report(ssrc: int, blocks: list[ReportBlock]) -> bytes:
    body = b"".join(
        struct.pack(
            "!IIIIII",
            block.ssrc,
            block.fraction_lost << 24 | max(0, block.lost) & 0xFFFFFF,
            block.highest_sequence & 0xFFFFFFFF,
            block.jitter,
            block.last_report,
            block.delay,
        )
        for block in blocks
    )
    return struct.pack("!BBHI", 0x80 | len(blocks), RR, 1 + 6 * len(blocks), ssrc) + body


def nack(ssrc: int, media_ssrc: int, lost: Iterable[int]) -> bytes:
    items: list[tuple[int, int]] = []
    for number in lost:
        if items and 0 < (number - items[-1][0]) % 65536 <= 16:
            items[-1] = (items[-1][0], items[-1][1] | 1 << (number - items[-1][0]) % 65536 - 1)
        else:
            items.append((number & 0xFFFF, 0))
    body = b"".join(struct.pack("!HH", *item) for item in items)
    return struct.pack("!BBHII", 0x80 | NACK, RTPFB, 2 + len(items), ssrc, media_ssrc) + body


def nacked(body: bytes) -> Iterator[int]:
    """The sequence numbers a NACK's body asks for."""
    for first, mask in struct.iter_unpack("!HH", body[8:]):
        yield first
        for bit in range(16):
            if mask >> bit & 1:
                yield (first + bit + 1) & 0xFFFF


def pli(ssrc: int, media_ssrc: int) -> bytes:
    return struct.pack("!BBHII", 0x80 | PLI, PSFB, 2, ssrc, media_ssrc)


def reference_times(body: bytes) -> Iterator[int]:
    """The middle 32 bits of receiver reference times in an extended report (RFC 3611 section 4.4)."""
    at = 4
    while at + 4 <= len(body):
        kind, _, words = struct.unpack_from("!BBH", body, at)
        if kind == 4:
            yield int.from_bytes(body[at + 6 : at + 10], "big")
        at += 4 + 4 * words


def reference_answer(ssrc: int, whose_ssrc: int, reference: int, delay: int) -> bytes:
    """DLRR (RFC 3611 section 4.5)."""
    return struct.pack("!BBHIBBHIII", 0x80, XR, 5, ssrc, 5, 0, 3, whose_ssrc, reference, delay)
