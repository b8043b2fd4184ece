"""Transport-wide feedback as a sender reads it, against bytes written by hand and against our own writer."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from tests.support.arrivals import disordered
from tests.windows.bandwidth import read_feedback, unwrap_arrival
from tests.windows.receiving import Twcc

WRAP_US = 64_000 << 24


def block(
    base: int, count: int, reference: int, chunks: list[int], deltas: bytes = b"", *, fmt: int = 15
) -> bytes:
    body = struct.pack("!IIHH", 1, 2, base, count) + reference.to_bytes(3) + b"\0"
    body += b"".join(struct.pack("!H", chunk) for chunk in chunks) + deltas
    body += b"\0" * (-len(body) % 4)
    return struct.pack("!BBH", 0x80 | fmt, 205, len(body) // 4) + body


def test_a_run_a_one_bit_and_a_two_bit_chunk() -> None:
    chunks = [
        0x2000 | 3,  # three small deltas
        0x8000 | 0b10_0000_0000_0001,  # one-bit: received, twelve missing, received
        0xC000 | 0b00_10_01_00_00_00_00,  # two-bit: missing, large, small, then padding
    ]
    deltas = bytes([4, 8, 0]) + bytes([40, 1]) + struct.pack("!h", -200) + bytes([255])
    statuses = read_feedback(block(65_534, 20, 10, chunks, deltas))
    assert statuses is not None
    assert [number for number, _ in statuses] == [(65_534 + i) % 65_536 for i in range(20)]
    times = {i: at for i, (_, at) in enumerate(statuses) if at is not None}
    start = 640_000
    assert times == {
        0: start + 1000,
        1: start + 3000,
        2: start + 3000,
        3: start + 13_000,
        16: start + 13_250,
        18: start + 13_250 - 50_000,
        19: start + 13_250 - 50_000 + 63_750,
    }


def test_refuses_what_does_not_hold_what_it_says() -> None:
    good = block(1, 3, 1, [0x2003], bytes(3))
    assert read_feedback(good) is not None
    assert read_feedback(block(1, 3, 1, [0x2003], bytes(3), fmt=14)) is None
    assert read_feedback(block(1, 9, 1, [0x2003], bytes(3))) is None  # chunks run out
    assert read_feedback(block(1, 9, 1, [0x2009], bytes(2))) is None  # deltas run out
    assert read_feedback(block(1, 3, 1, [0x6003], bytes(9))) is None  # reserved symbol
    assert read_feedback(block(1, 5000, 1, [5000])) is None  # more than anyone keeps in mind
    assert read_feedback(struct.pack("!BBHII", 0x8F, 205, 2, 1, 2)) is None


def test_empty_runs_are_passed_over() -> None:
    assert read_feedback(block(7, 1, 0, [0x2000, 0x0000, 0x2001], b"\x04")) == [(7, 1000)]
    assert read_feedback(block(7, 0, 0, [])) == []


@given(st.binary(max_size=120))
def test_any_bytes_are_read_within_their_bounds(data: bytes) -> None:
    data += b"\0" * (-len(data) % 4)
    statuses = read_feedback(struct.pack("!BBH", 0x8F, 205, len(data) // 4) + data)
    assert statuses is None or len(statuses) <= 4096


@given(st.data())
def test_reads_what_our_own_receiver_writes(data: st.DataObject) -> None:
    """Every number once, with its arrival to the nearest tick, whatever the order on the way."""
    arrivals = data.draw(disordered(200, displacement=20, losses=True))
    receiver = Twcc()
    came = {}
    for step, number in enumerate(arrivals):
        came[number] = 5_000_000 + 3_000 * step
        receiver.received(number, came[number])
    told: dict[int, int | None] = {}
    while (feedback := receiver.feedback()) is not None:
        told.update(read_feedback(feedback) or [])
    assert not arrivals or arrivals[0] in told
    for number, at_us in told.items():
        assert (at_us is not None) == (number in came)
        assert at_us is None or abs(at_us - came[number]) <= 250


def test_the_reference_clock_wraps() -> None:
    assert unwrap_arrival(0, WRAP_US - 1000) == -1000
    assert unwrap_arrival(WRAP_US - 1000, 500) == WRAP_US + 500
    assert unwrap_arrival(5 * WRAP_US + 100, WRAP_US - 1) == 5 * WRAP_US - 1
    assert unwrap_arrival(-2000, WRAP_US - 1000) == -1000
