"""Frames of RFC 4571: whole packets come out of a stream however it was cut, and what is none ends it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.targets.framing import expected
from tests.support.framed_socket import framed
from tests.windows.tcp import LONGEST_FRAME, Frames

STUN, DTLS, RTP = bytes(20), b"\x16\xfe\xfd" + bytes(20), b"\x80\x60" + bytes(30)


def test_packets_come_out_whole() -> None:
    assert Frames().feed(framed(STUN) + framed(DTLS) + framed(RTP)) == ([STUN, DTLS, RTP], "")


def test_a_stream_byte_by_byte() -> None:
    frames, packets = Frames(), []
    for byte in framed(STUN) + framed(RTP):
        came, end = frames.feed(bytes([byte]))
        assert end == ""
        packets += came
    assert packets == [STUN, RTP]
    assert frames.kept == 0


def test_null_packets_are_allowed() -> None:
    assert Frames().feed(b"\0\0\0\0" + framed(RTP)) == ([b"", b"", RTP], "")


def test_the_longest_frame_passes_and_a_longer_one_ends_the_stream() -> None:
    longest = b"\x80" + bytes(LONGEST_FRAME - 1)
    frames = Frames()
    assert frames.feed(framed(longest)[:-1]) == ([], "")
    assert frames.kept == 2 + LONGEST_FRAME - 1
    assert frames.feed(b"\0") == ([longest], "")
    assert frames.feed((LONGEST_FRAME + 1).to_bytes(2, "big")) == ([], "too long")


@pytest.mark.parametrize("first", [4, 19, 64, 127, 192, 255])
def test_a_first_byte_of_nothing_known_ends_the_stream_at_once(first: int) -> None:
    assert Frames().feed(framed(RTP) + b"\0\x14" + bytes([first])) == ([RTP], "unknown")


@pytest.mark.parametrize("first", [0, 3, 20, 63, 128, 191])
def test_the_protocols_of_webrtc_pass(first: int) -> None:
    packet = bytes([first]) * 14
    assert Frames().feed(framed(packet)) == ([packet], "")


@pytest.mark.parametrize("greeting", [b"GET / HTTP/1.1\r\n", b"\x16\x03\x01\x02\x00\x01", b"SSH-2.0-x\r\n"])
def test_other_protocols_end_the_stream(greeting: bytes) -> None:
    assert Frames().feed(greeting) == ([], "too long")


PACKETS = st.lists(
    st.binary(max_size=40).map(lambda data: data and bytes([data[0] & 3]) + data[1:]) | st.just(b"\xff")
)


@given(PACKETS, st.binary(max_size=8), st.lists(st.integers(1, 60)))
def test_the_cuts_do_not_matter(packets: list[bytes], rest: bytes, cuts: list[int]) -> None:
    stream = b"".join(map(framed, packets)) + rest
    frames, came, end, left = Frames(), list[bytes](), "", stream
    for cut in [*cuts, len(stream)]:
        if not end:
            some, end = frames.feed(left[:cut])
            came += some
            left = left[cut:]
    assert (came, end) == expected(stream)
