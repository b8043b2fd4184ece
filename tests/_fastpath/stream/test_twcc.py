"""Transport-wide feedback against a decoder written from the draft, and against bytes written by hand."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from tests.support.arrivals import disordered
from tests.windows.receiving import Twcc

WINDOW = 2048
MAX_STATUSES = 400
TICK = 250
LOST, SMALL, LARGE = 0, 1, 2


@dataclass(frozen=True)
class Feedback:
    sender_ssrc: int
    media_ssrc: int
    base: int
    feedback_count: int
    chunks: tuple[str, ...]
    arrivals_us: tuple[
        int | None, ...
    ]  # one for each status, in the clock of the reference time; None = lost


def decode_chunk(chunk: int) -> tuple[str, list[int]]:
    """draft-holmer-rmcat-transport-wide-cc-extensions-01 sections 3.1.3 and 3.1.4."""
    if not chunk & 0x8000:
        return "run", [(chunk >> 13) & 3] * (chunk & 0x1FFF)
    if not chunk & 0x4000:
        return "one-bit", [(chunk >> (13 - i)) & 1 for i in range(14)]
    return "two-bit", [(chunk >> (12 - 2 * i)) & 3 for i in range(7)]


def decode(data: bytes) -> Feedback:
    """Strict: every byte must be accounted for."""
    assert data[0] == 0x80 | 15
    assert data[1] == 205
    assert len(data) == 4 * (int.from_bytes(data[2:4]) + 1)
    count = int.from_bytes(data[14:16])
    clock_us = int.from_bytes(data[16:19]) * 64_000
    symbols: list[int] = []
    kinds: list[str] = []
    at = 20
    while len(symbols) < count:
        kind, found = decode_chunk(int.from_bytes(data[at : at + 2]))
        kinds.append(kind)
        if kind == "run":
            assert len(symbols) + len(found) <= count
        symbols += found
        at += 2
    assert not any(symbols[count:])
    arrivals: list[int | None] = []
    for symbol in symbols[:count]:
        assert symbol in (LOST, SMALL, LARGE)
        if symbol == LOST:
            arrivals.append(None)
            continue
        width = 1 if symbol == SMALL else 2
        delta = int.from_bytes(data[at : at + width], signed=symbol == LARGE)
        at += width
        clock_us += delta * TICK
        arrivals.append(clock_us)
    assert len(data) - at < 4
    assert not any(data[at:])
    return Feedback(
        int.from_bytes(data[4:8]),
        int.from_bytes(data[8:12]),
        int.from_bytes(data[12:14]),
        data[19],
        tuple(kinds),
        tuple(arrivals),
    )


def drain(twcc: Twcc, room: int = 1200) -> list[Feedback]:
    found = []
    while (data := twcc.feedback(room=room)) is not None:
        assert len(data) <= room
        found.append(decode(data))
    return found


def test_nothing_to_say() -> None:
    twcc = Twcc()
    assert not twcc.pending
    assert twcc.feedback() is None


def test_one_packet_byte_for_byte() -> None:
    twcc = Twcc()
    twcc.received(0x0102, 64_000 * 0x123456 + 1000, media_ssrc=0x11223344)
    assert twcc.pending
    assert twcc.feedback(sender_ssrc=0xAABBCCDD) == bytes.fromhex(
        "8fcd0005"  # version 2, FMT 15, RTPFB, 6 words
        "aabbccdd"
        "11223344"
        "01020001"  # base, one status
        "12345600"  # reference time, feedback packet 0
        "2001"  # a run of one small delta
        "04"  # 4 * 250 µs
        "00"  # padding
    )
    assert not twcc.pending
    assert twcc.feedback() is None


def test_kinds_of_deltas_byte_for_byte() -> None:
    """small, lost, small, large, negative, lost, small: a two-bit vector."""
    twcc = Twcc()
    start = 64_000 * 5
    for number, at_us in ((0, 0), (2, 250), (3, 250 + 256 * 250), (4, 250), (6, 500)):
        twcc.received(number, start + at_us)
    assert twcc.feedback(sender_ssrc=1) == bytes.fromhex(
        "8fcd0007 00000001 00001234 0000 0007 000005 00"
        "d1a1"  # 11 01 00 01 10 10 00 01
        "00"  # 0
        "01"  # + 250 µs
        "0100"  # + 256 ticks
        "ff00"  # - 256 ticks
        "01"
        "000000".replace(" ", "")
    )


def test_a_one_bit_vector_byte_for_byte() -> None:
    twcc = Twcc()
    for number in (0, 1, 3, 4, 6, 9, 13):
        twcc.received(number, 64_000 + number * 250)
    assert twcc.feedback(sender_ssrc=1) == bytes.fromhex(
        "8fcd0007 00000001 00001234 0000 000e 000001 00"
        "b691"  # 10 1101 1010 0100 01
        "00 01 02 01 02 03 04 000000"
    )


def test_runs_cover_what_vectors_would_take_longer_for() -> None:
    twcc = Twcc()
    for number in [*range(100), *range(300, 320)]:
        twcc.received(number, 1_000_000 + number * 100)
    (feedback,) = drain(twcc)
    assert feedback.chunks == ("run", "run", "run")
    assert [index for index, at in enumerate(feedback.arrivals_us) if at is not None] == [
        *range(100),
        *range(300, 320),
    ]


def test_reference_time_and_base_wrap() -> None:
    twcc = Twcc()
    for number in range(65_530, 65_545):
        twcc.received(number & 0xFFFF, 64_000 * 2**24 + 70_000 + number)
    (feedback,) = drain(twcc)
    assert feedback.base == 65_530
    assert len(feedback.arrivals_us) == 15
    assert feedback.arrivals_us[0] == 70_000 + 65_530 - (70_000 + 65_530) % TICK


def test_losses_before_the_first_arrival_are_reported_too() -> None:
    twcc = Twcc()
    twcc.received(10, 1000)
    drain(twcc)
    twcc.received(13, 2000)
    (feedback,) = drain(twcc)
    assert feedback.base == 11
    assert [at is None for at in feedback.arrivals_us] == [True, True, False]
    assert feedback.feedback_count == 1
    assert twcc.counters == (2, 2, 2)


def test_who_comes_after_his_report_is_not_reported_again() -> None:
    twcc = Twcc()
    twcc.received(10, 1000)
    twcc.received(12, 1000)
    drain(twcc)
    twcc.received(11, 2000)
    twcc.received(12, 2000)
    assert not twcc.pending
    assert twcc.counters == (1, 2, 1)


def test_a_duplicate_keeps_the_first_arrival() -> None:
    twcc = Twcc()
    twcc.received(10, 64_000)
    twcc.received(11, 65_000)
    twcc.received(10, 66_000)
    (feedback,) = drain(twcc)
    assert feedback.arrivals_us == (64_000, 65_000)


def test_a_long_silence_starts_another_packet() -> None:
    """A delta holds ±8.19 s."""
    twcc = Twcc()
    for number, at_us in enumerate((1_000_000, 9_191_750, 17_383_750, 17_384_000)):
        twcc.received(number, at_us)
    first, second = drain(twcc)
    assert first.arrivals_us == (1_000_000, 9_191_750)
    assert second.base == 2
    assert second.arrivals_us == (17_383_750, 17_384_000)
    assert second.feedback_count == 1


def test_more_than_fit_go_into_several_packets() -> None:
    twcc = Twcc()
    for number in range(1000):
        twcc.received(number, 1_000_000 + number * 100_000)
    found = drain(twcc, room=100)
    assert sum(len(feedback.arrivals_us) for feedback in found) == 1000
    assert [feedback.feedback_count for feedback in found] == [n & 255 for n in range(len(found))]
    twcc = Twcc()
    for number in range(1000):
        twcc.received(number, 1_000_000 + number)
    assert [len(feedback.arrivals_us) for feedback in drain(twcc)] == [MAX_STATUSES, MAX_STATUSES, 200]


def test_too_little_room_writes_nothing_and_loses_nothing() -> None:
    twcc = Twcc()
    twcc.received(1, 1000)
    for room in (0, 3, 19, 20, 23):
        assert twcc.feedback(room=room) is None
    assert twcc.feedback(room=24) is not None


def test_only_the_window_is_remembered() -> None:
    twcc = Twcc()
    twcc.received(0, 1000)
    for number in range(1, WINDOW + 10):
        twcc.received(number, 1000 + number)
    found = drain(twcc)
    assert found[0].base == 10
    assert sum(len(feedback.arrivals_us) for feedback in found) == WINDOW


def test_a_turn_of_the_window_leaves_no_arrivals_behind() -> None:
    twcc = Twcc()
    for number in range(WINDOW):
        twcc.received(number, 1_000_000 + number)
    drain(twcc)
    for number in (WINDOW, WINDOW + 3, WINDOW + 2):
        twcc.received(number, 2_000_000)
    (feedback,) = drain(twcc)
    assert feedback.arrivals_us == (2_000_000, None, 2_000_000, 2_000_000)


def test_a_sender_that_starts_anew_is_followed() -> None:
    for jump in (20_000, 50_000):
        twcc = Twcc()
        twcc.received(100, 1000)
        twcc.received((100 + jump) & 0xFFFF, 2000)
        twcc.received((102 + jump) & 0xFFFF, 3000)
        (feedback,) = drain(twcc)
        assert feedback.base == (100 + jump) & 0xFFFF
        assert len(feedback.arrivals_us) == 3


@given(
    data=st.data(),
    count=st.integers(1, 150),
    first=st.sampled_from([0, 65_500]),
    start_us=st.sampled_from([1, 63_999, 10**9 + 77]),
    room=st.sampled_from([24, 40, 64, 1200]),
    pauses=st.lists(
        st.sampled_from([0, 1, 249, 250, 1000, 63_000, 64_000, 5_000_000, 9_000_000]), min_size=1
    ),
)
def test_against_the_decoder(
    data: st.DataObject, count: int, first: int, start_us: int, room: int, pauses: list[int]
) -> None:
    """The sender reads every number that arrived once, in order, at its time to 250 µs."""
    arrivals = data.draw(disordered(count, displacement=20, losses=True))
    report_at = data.draw(st.sets(st.integers(0, count)))
    twcc = Twcc()
    now_us = start_us
    told: dict[int, int | None] = {}
    came: dict[int, int] = {}
    next_number: int | None = None
    for step, number in enumerate(arrivals):
        now_us += pauses[step % len(pauses)]
        if next_number is None:
            next_number = number
        if number >= next_number:
            came[number] = now_us
        twcc.received((first + number) & 0xFFFF, now_us)
        if step not in report_at and step != len(arrivals) - 1:
            continue
        for feedback in drain(twcc, room):
            assert feedback.base == (first + next_number) & 0xFFFF
            for at in feedback.arrivals_us:
                told[next_number] = at
                next_number += 1
        assert next_number == max(came, default=next_number - 1) + 1
    for number, at in told.items():
        if at is None:
            assert number not in came
        else:
            assert 0 <= came[number] - at < TICK
    assert set(came) <= set(told)
