"""The work that one datagram can cause, of whatever kind: a bound for each, however it is filled."""

from __future__ import annotations

import struct
import time

import pytest

from tests.support import engine as e

FULL = 1452  # bytes of RTCP that a datagram brings
REPEATS = 400
BOUND_US = 150.0
"""Many times what the costliest takes; a loop over all that a length field can name takes milliseconds."""


def block(kind: int, count: int, body: bytes) -> bytes:
    return struct.pack("!BBH", 0x80 | count, kind, len(body) // 4) + body


def filled(unit: bytes) -> bytes:
    """Return as many of these blocks as one datagram has room for."""
    return unit * (FULL // len(unit))


SSRCS = struct.pack("!II", 99, e.OUT_SSRC)
RUN = struct.pack("!H", 0x1FFF)  # 8191 packets not received
TWCC = struct.pack("!HHI", 1, 0xFFFF, 1 << 8)
ITEMS = (FULL - 12) // 4
RTCP = {
    "NACK of all there is": block(205, 1, SSRCS + struct.pack("!HH", 1000, 0xFFFF) * ITEMS),
    "NACK of what never was": block(205, 1, SSRCS + struct.pack("!HH", 40_000, 0xFFFF) * ITEMS),
    "many NACKs": filled(block(205, 1, SSRCS + struct.pack("!HH", 1000, 0xFFFF))),
    "transport-cc of 65535": block(205, 15, SSRCS + TWCC + RUN * 8),
    "transport-cc without end": block(205, 15, SSRCS + TWCC + RUN * (2 * ITEMS - 8)),
    "many transport-cc": filled(block(205, 15, SSRCS + TWCC + RUN * 8)),
    "many PLIs": filled(block(206, 1, SSRCS)),
    "FIR of many": block(206, 4, SSRCS + struct.pack("!II", e.OUT_SSRC, 0) * (ITEMS // 2)),
    "many REMBs": filled(block(206, 15, SSRCS + b"REMB" + bytes([1, 0xFF, 0xFF, 0xFF]) + bytes(4))),
    "many RRs": filled(block(201, 31, bytes(4) + struct.pack("!I", e.OUT_SSRC) * 6 * 31)),
    "many empty SRs": filled(block(200, 0, struct.pack("!I", e.SSRC) + bytes(20))),
    "SDES of nothing": block(202, 31, bytes(FULL - 4)),
    "BYE of many": block(203, 31, struct.pack("!I", e.SSRC) * 31),
    "many empty BYEs": filled(block(203, 0, b"")),
    "XR of many": block(207, 0, bytes(4) + struct.pack("!BBHQ", 4, 0, 2, 1) * (ITEMS // 3)),
    "XR of length 0": block(207, 0, bytes(FULL - 4)),
    "DLRR of many": block(207, 0, bytes(4) + struct.pack("!BBH", 5, 0, ITEMS - 4) + bytes(FULL - 16)),
    "many of no kind": filled(block(210, 5, b"")),
}
EXTENSIONS = {f"id {number}": number for number in (1, 2, 14)}


def rtp_with(
    block_bytes: bytes, profile: int, *, first: int = 0x90, ssrc: int = e.SSRC, payload: bytes = b"x"
) -> bytes:
    head = struct.pack("!BBHII", first, 96, 5, 0, ssrc)
    return head + struct.pack("!HH", profile, len(block_bytes) // 4) + block_bytes + payload


RTP = {
    "one-byte extensions without end": rtp_with(b"\x20\0" * 700, 0xBEDE),
    "two-byte extensions of length 0": rtp_with(b"\x02\0" * 700, 0x1000),
    "nothing but extension padding": rtp_with(bytes(1400), 0xBEDE),
    "extensions under an unknown SSRC": rtp_with(b"\xa0\0" * 700, 0xBEDE, ssrc=77),
    "fifteen CSRCs and extensions": rtp_with(b"\x20\0" * 600, 0xBEDE, first=0x9F),
    "padding as long as the packet": e.rtp(6, 0, b"", padding=255),
    "padding that says 0": rtp_with(b"", 0xBEDE, first=0xB0, payload=bytes(900)),
    "RTX of a packet far away": e.rtp(7, 0, b"\xff\xff" + bytes(900), ssrc=e.RTX_SSRC, payload_type=97),
    "RTX in RTX": e.rtp(
        8,
        0,
        b"\0\x07" + e.rtp(8, 0, b"\0\x07x", ssrc=e.RTX_SSRC, payload_type=97),
        ssrc=e.RTX_SSRC,
        payload_type=97,
    ),
    "a jump of the sequence number": e.rtp(40_000, 0, e.vp8_payload(9)),
}


def busy_call() -> e.Call:
    """A call with a second of video in the store, and other viewers beside the one who sends."""
    call = e.Call()
    call.produce()
    for index in range(20):
        call.consume(e.GENERATION | index, ssrc=e.OUT_SSRC + 2 * index, rtx_ssrc=e.OUT_RTX_SSRC + 2 * index)
    for number in range(500):
        call.send(e.rtp(number, 3000 * number, e.vp8_payload(number, keyframe=number == 0, body=b"v" * 900)))
        call.now_us += 2000
    call.left()
    return call


def cost_us(data: bytes, where: tuple[str, int]) -> float:
    call = busy_call()
    best = float("inf")
    for _ in range(5):
        began = time.process_time()
        for _ in range(REPEATS // 5):
            call.send(data, where)
            call.now_us += 50
        best = min(best, (time.process_time() - began) / (REPEATS // 5) * 1e6)
        call.left()
        call.engine.events()
    return best


@pytest.mark.parametrize("what", RTCP)
def test_rtcp(what: str) -> None:
    for where in (e.RECEIVER, e.SENDER):
        cost = cost_us(RTCP[what], where)
        assert cost < BOUND_US, what
        print(f"{what}: {cost:.1f} us")


@pytest.mark.parametrize("what", RTP)
def test_rtp(what: str) -> None:
    cost = cost_us(RTP[what], e.SENDER)
    assert cost < BOUND_US, what
    print(f"{what}: {cost:.1f} us")
