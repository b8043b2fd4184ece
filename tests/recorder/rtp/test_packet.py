"""RTP packets: what is read, and what is none."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediad.recorder.rtp.packet import is_rtcp, read_rtp
from tests.support.recorder_feed import rtp, sender_report

PLAIN = rtp(100, 7, 9, 11, b"payload", marker=True)


def test_a_packet_is_read() -> None:
    assert read_rtp(PLAIN) == (100, 7, 9, 11, True, b"payload")


def test_sources_extensions_and_padding_are_left_out() -> None:
    head = bytes((0x80 | 0x20 | 0x10 | 2,)) + PLAIN[1:12]
    extension = struct.pack("!HH", 0xBEDE, 1) + b"\x10\x55\x00\x00"
    packet = read_rtp(head + b"csrccsrc" + extension + b"payload" + b"\x00\x00\x03")
    assert packet is not None
    assert packet.payload == b"payload"
    padding = read_rtp(bytes((0xA0,)) + PLAIN[1:12] + b"\x00\x00\x03")
    assert padding is not None
    assert padding.payload == b""


@pytest.mark.parametrize(
    "data",
    [
        b"",
        PLAIN[:11],
        b"\x40" + PLAIN[1:],  # version 1
        b"\x8f" + PLAIN[1:],  # fifteen sources, which are not there
        b"\x90" + PLAIN[1:14],  # half an extension header
        b"\x90" + PLAIN[1:12] + b"\xbe\xde\x00\x09",  # an extension that ends outside
        b"\xa0" + PLAIN[1:12] + b"\xff",  # more padding than packet
        b"\xa0" + PLAIN[1:12] + b"\x00",  # padding of no length
    ],
)
def test_what_is_no_packet(data: bytes) -> None:
    assert read_rtp(data) is None


def test_rtcp_is_told_apart() -> None:
    assert is_rtcp(sender_report(1, 2.0, 3))
    assert not is_rtcp(PLAIN)
    assert not is_rtcp(sender_report(1, 2.0, 3)[:7])


@given(st.binary(max_size=80))
def test_anything_is_read_or_not(data: bytes) -> None:
    packet = read_rtp(data)
    assert packet is None or data.count(packet.payload) >= 1
    is_rtcp(data)
