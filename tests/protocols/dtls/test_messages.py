from __future__ import annotations

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediad.protocols.dtls.messages import (
    MAX_DRAFTS,
    MAX_HELD_BYTES,
    MAX_MESSAGE_BYTES,
    Message,
    MessageCollector,
    messages_of,
)
from mediad.protocols.dtls.records import Fragment, fragments_of

BODY = bytes(range(200))
CERTIFICATE = 11


def pieces(body: bytes, size: int, sequence: int = 1) -> list[Fragment]:
    return [
        Fragment(CERTIFICATE, len(body), sequence, start, body[start : start + size])
        for start in range(0, len(body), size)
    ]


def whole(collector: MessageCollector, sequence: int = 1) -> list[bytes]:
    return [message.body for message, _ in collector.candidates(sequence, CERTIFICATE)]


@given(st.randoms(use_true_random=False), st.lists(st.integers(14, 120), min_size=1, max_size=3))
def test_pieces_come_together_in_any_order_and_cut(weather: random.Random, sizes: list[int]) -> None:
    collector = MessageCollector()
    fragments = [piece for size in sizes for piece in pieces(BODY, size)]
    weather.shuffle(fragments)
    for fragment in fragments:
        collector.add(fragment)
    assert whole(collector) == [BODY]
    assert collector.held_bytes == len(BODY)


def test_a_whole_message_is_told_each_time_it_comes() -> None:
    collector = MessageCollector()
    first, second = pieces(BODY, 100)
    assert collector.add(first) == []
    assert collector.add(second) == [Message(CERTIFICATE, 1, BODY)]
    assert collector.add(first) == [Message(CERTIFICATE, 1, BODY)]


@pytest.mark.parametrize(
    "forged",
    [
        Fragment(CERTIFICATE, 32_700, 1, 0, b"x"),
        Fragment(CERTIFICATE, 200, 1, 0, b"x"),
        Fragment(CERTIFICATE, 200, 1, 150, b"x"),
        Fragment(CERTIFICATE, 200, 1, 0, bytes(200)),
        Fragment(14, 200, 1, 0, BODY),
    ],
)
@pytest.mark.parametrize("at", range(5))
def test_a_forged_piece_stands_beside_the_honest_ones(forged: Fragment, at: int) -> None:
    collector = MessageCollector()
    honest = pieces(BODY, 50)
    honest.insert(at, forged)
    for fragment in (*honest, *pieces(BODY, 50)):  # the honest peer repeats itself
        collector.add(fragment)
    assert BODY in whole(collector)


def test_what_is_held_is_bounded_and_the_newest_stays() -> None:
    collector = MessageCollector()
    for number in range(1000):
        collector.begin_datagram()
        collector.add(Fragment(CERTIFICATE, 8_000, number % 8, 0, number.to_bytes(4, "big") * 300))
    assert collector.held_bytes <= MAX_HELD_BYTES
    collector.begin_datagram()
    collector.add(Fragment(CERTIFICATE, 200, 1, 0, BODY))
    assert whole(collector) == [BODY]


def test_pieces_that_touch_nothing_are_few_and_true_ones_come_together_beside_them() -> None:
    collector = MessageCollector()
    body = random.Random(2).randbytes(8_000)
    began_s = time.process_time()
    for offset in range(0, 8_000, 2):
        if offset % 200 == 0:
            collector.begin_datagram()
        collector.add(Fragment(CERTIFICATE, 8_000, 1, offset, body[offset : offset + 1]))
    for fragment in pieces(body, 1100):
        collector.add(fragment)
    print(f"4000 bytes apart: {(time.process_time() - began_s) * 1e3:.0f} ms")
    assert time.process_time() - began_s < 1
    assert body in whole(collector)
    assert collector.held_bytes <= MAX_HELD_BYTES


def test_drafts_of_one_message_are_few() -> None:
    collector = MessageCollector()
    for number in range(100):
        collector.begin_datagram()
        collector.add(Fragment(CERTIFICATE, 1, 1, 0, bytes([number])))
    assert whole(collector) == [bytes([99 - number]) for number in range(MAX_DRAFTS)]


def test_impossible_messages_are_refused() -> None:
    collector = MessageCollector()
    assert collector.add(Fragment(CERTIFICATE, MAX_MESSAGE_BYTES + 1, 0, 0, b"x")) is None
    assert collector.add(Fragment(CERTIFICATE, 1, 8, 0, b"x")) is None
    assert collector.held_bytes == 0


def test_an_empty_message_is_whole_at_once() -> None:
    collector = MessageCollector()
    assert collector.add(Fragment(14, 0, 4, 0, b"")) == [Message(14, 4, b"")]


def test_a_message_is_written_as_it_is_read() -> None:
    message = Message(CERTIFICATE, 3, random.Random(1).randbytes(8_000))
    records = message.records(5)
    assert len(records) > 1
    assert messages_of(records) == [message]
    assert message.raw == bytes([CERTIFICATE, 0, 31, 64, 0, 3, 0, 0, 0, 0, 31, 64]) + message.body
    (fragment,) = fragments_of(Message(14, 4, b"").records(0)[0]) or []
    assert fragment == Fragment(14, 0, 4, 0, b"")
