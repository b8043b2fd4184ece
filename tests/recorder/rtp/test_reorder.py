"""Packets come out in order, each once, and a gap is waited for, but not for ever."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from mediad.recorder.rtp.packet import RtpPacket
from mediad.recorder.rtp.reorder import MAX_HELD, MAX_JUMP, WAIT_US, Reorder


def packet(sequence: int) -> RtpPacket:
    return RtpPacket(100, sequence & 0xFFFF, 0, 1, False, b"")


def push(reorder: Reorder, *sequences: int, now_us: int = 0) -> list[tuple[int, int]]:
    """(sequence, lost) of what comes out."""
    return [
        (ordered.packet.sequence, ordered.lost)
        for sequence in sequences
        for ordered in reorder.push(packet(sequence), now_us)
    ]


def test_order_is_kept_over_the_wrap() -> None:
    reorder = Reorder()
    assert push(reorder, 65534, 0, 65535, 1) == [(65534, 0), (65535, 0), (0, 0), (1, 0)]
    assert reorder.highest == 65537


def test_a_missing_packet_is_waited_for() -> None:
    reorder = Reorder()
    assert push(reorder, 1, 3, 4, now_us=5) == [(1, 0)]
    assert reorder.poll(5 + WAIT_US - 1) == []
    assert push(reorder, 2) == [(2, 0), (3, 0), (4, 0)]
    assert reorder.lost == 0


def test_and_given_up() -> None:
    reorder = Reorder()
    push(reorder, 1, 4, 5, 7, now_us=5)
    late = [(entry.packet.sequence, entry.lost) for entry in reorder.poll(5 + WAIT_US)]
    assert late == [(4, 2), (5, 0), (7, 1)]
    assert reorder.lost == 3
    assert push(reorder, 2, 3) == []
    assert reorder.late == 2


def test_no_more_is_held_than_fits() -> None:
    reorder = Reorder()
    push(reorder, 0)
    out = push(reorder, *range(2, 2 + MAX_HELD))
    assert out[0] == (2, 1)
    assert len(out) == MAX_HELD


def test_duplicates_are_counted() -> None:
    reorder = Reorder()
    assert push(reorder, 1, 3, 3, 2, 3) == [(1, 0), (2, 0), (3, 0)]
    assert (reorder.duplicates, reorder.late) == (1, 1)


def test_a_new_beginning_needs_two_packets() -> None:
    reorder = Reorder()
    far = 5 + MAX_JUMP + 100
    assert push(reorder, 5, far, 6) == [(5, 0), (6, 0)]
    assert push(reorder, 30_000, 30_001, 30_002) == [(30_001, 1), (30_002, 0)]


def test_the_rest_comes_out_at_the_end() -> None:
    reorder = Reorder()
    push(reorder, 1, 3)
    assert [entry.lost for entry in reorder.flush()] == [1]
    assert reorder.flush() == []


@given(st.lists(st.tuples(st.integers(0, 65535), st.integers(0, 300_000)), max_size=60))
@example([(3000, 0), (65535, 0), (0, 0)])
def test_whatever_comes_is_bounded_and_in_order(arrivals: list[tuple[int, int]]) -> None:
    reorder = Reorder()
    now_us, out = 0, 0
    for sequence, step_us in arrivals:
        now_us += step_us
        out += len(reorder.push(packet(sequence), now_us))
        out += len(reorder.poll(now_us))
    out += len(reorder.flush())
    assert out + reorder.late + reorder.duplicates == reorder.received == len(arrivals)


@given(st.integers(0, 65535), st.permutations(range(12)))
def test_a_short_disorder_is_repaired(first: int, order: list[int]) -> None:
    reorder = Reorder()
    out = push(reorder, first, *(first + 1 + step for step in order))
    assert out == [((first + step) & 0xFFFF, 0) for step in range(13)]
