"""Frames are counted as the parser will find them, wherever the reads happen to cut them."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.protocol import SERVER, Protocol

from mediad.signaling.server.frame_meter import FrameMeter, Portion
from tests.support.frames import CONTINUATION, PING, TEXT, frame

ENDLESS = {"frames": 10**9, "messages": 10**9, "size_bytes": 10**9}


def test_no_more_frames_than_asked_for() -> None:
    data = frame(PING, b"x" * 125) * 100
    meter = FrameMeter()
    portion = meter.cut(data, frames=10, messages=8, size_bytes=65_536)
    assert portion == Portion(10 * 131, 10, 0)
    assert meter.cut(data[1310:], frames=1000, messages=8, size_bytes=65_536) == Portion(90 * 131, 90, 0)


def test_no_more_messages_than_asked_for() -> None:
    data = frame(TEXT, b"{}") * 20
    assert FrameMeter().cut(data, frames=64, messages=8, size_bytes=65_536) == Portion(8 * 8, 8, 8)


def test_fragments_are_one_message() -> None:
    data = (
        frame(TEXT, b"a", fin=False) + frame(CONTINUATION, fin=False) * 3 + frame(PING) + frame(CONTINUATION)
    )
    assert FrameMeter().cut(data, **ENDLESS) == Portion(len(data), 6, 1)


def test_a_large_payload_is_cut_and_remembered() -> None:
    meter = FrameMeter()
    data = frame(TEXT, b"x" * 100_000) + frame(PING)
    assert meter.cut(data, frames=64, messages=8, size_bytes=65_536) == Portion(65_536, 1, 1)
    assert meter.inside_frame
    assert meter.cut(data[65_536:], frames=64, messages=8, size_bytes=65_536) == Portion(
        len(data) - 65_536, 1, 0
    )
    assert not meter.inside_frame


def test_a_header_that_is_not_complete_waits() -> None:
    meter = FrameMeter()
    data = frame(TEXT, b"x" * 300)
    for size in range(8):
        assert meter.cut(data[:size], **ENDLESS) == Portion(0, 0, 0)
    assert meter.cut(data[:8], **ENDLESS) == Portion(8, 1, 1)


def test_what_the_parser_refuses_at_once_is_given_to_it_at_once() -> None:
    for data in (b"\xff\xff", b"\x81\x7f", b"\x83\x80"):
        assert FrameMeter().cut(data, **ENDLESS).size_bytes == 2


@given(
    st.lists(st.tuples(st.sampled_from([TEXT, PING]), st.integers(0, 700)), max_size=12),
    st.integers(0, 2**32),
)
def test_portions_add_up_to_what_the_parser_finds(frames: list[tuple[int, int]], seed: int) -> None:
    chance = random.Random(seed)
    data = b"".join(frame(opcode, bytes(size % 126 if opcode == PING else size)) for opcode, size in frames)
    meter, parser, held, counted, messages = FrameMeter(), Protocol(SERVER), bytearray(), 0, 0
    found: list[Frame] = []
    while data or held:
        step = chance.randrange(1, 400)
        held += data[:step]
        data = data[step:]
        limits = {"frames": chance.randrange(1, 4), "messages": 2, "size_bytes": chance.randrange(1, 300)}
        portion = meter.cut(held, **limits)
        assert portion.frames <= limits["frames"]
        if portion.size_bytes:
            parser.receive_data(bytes(held[: portion.size_bytes]))
            del held[: portion.size_bytes]
        counted, messages = counted + portion.frames, messages + portion.messages
        found += [event for event in parser.events_received() if isinstance(event, Frame)]
    assert (counted, len(found)) == (len(frames), len(frames))
    assert messages == sum(event.opcode is Opcode.TEXT for event in found)
