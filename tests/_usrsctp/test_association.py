"""Associations by themselves, in pairs and in fake time: states, messages, reliability, resets, refusals."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mediad._usrsctp.association import Association, SctpStack
from mediad.errors import InvalidState
from mediad.protocols.sctp_events import SendReady
from tests.support.sctp import (
    MAX_MESSAGE_BYTES,
    PACKET_BYTES,
    START_US,
    End,
    Pair,
    open_association,
    sctp_stack,
)


@pytest.fixture
def stack() -> Iterator[SctpStack]:
    with sctp_stack() as stack:
        yield stack


@pytest.fixture
def pair(stack: SctpStack) -> Pair:
    return Pair(stack, delay_us=20_000).connect()


def test_there_is_one_stack_at_a_time() -> None:
    with sctp_stack(), pytest.raises(RuntimeError, match="open already"):
        SctpStack(START_US)
    with sctp_stack():
        pass


def test_both_ends_may_begin(stack: SctpStack) -> None:
    Pair(stack, delay_us=50_000).connect()


def test_one_end_begins_and_the_other_follows(stack: SctpStack) -> None:
    pair = Pair(stack)
    pair.near.association.connect(pair.now_us)
    pair.run(100_000)
    assert pair.near.states == ["connecting"]
    assert pair.far.association.dropped == {"not_connecting": 1}
    pair.far.association.connect(pair.now_us)
    pair.run(3_000_000)
    assert pair.near.states == pair.far.states == ["connecting", "connected"]


@pytest.mark.parametrize("length", [1, 1000, 10_000, 200_000, MAX_MESSAGE_BYTES])
@pytest.mark.parametrize("ordered", [True, False])
def test_messages_arrive_whole(pair: Pair, length: int, ordered: bool) -> None:
    message = bytes(i % 251 for i in range(length))
    assert pair.send(message, 7, ppid=51, ordered=ordered)
    assert pair.near.association.buffered_bytes == length
    pair.run(5_000_000)
    assert pair.far.messages == [(7, 51, message)]
    assert pair.near.association.buffered_bytes == 0


def test_packets_fit_into_a_dtls_record(pair: Pair) -> None:
    pair.send(bytes(100_000))
    pair.run(3_000_000)
    assert max(map(len, pair.near.packets)) in range(PACKET_BYTES - 8, PACKET_BYTES + 1)


def test_a_message_without_room_is_told_when_there_is(pair: Pair) -> None:
    assert pair.send(bytes(MAX_MESSAGE_BYTES))
    assert not pair.send(b"one more")
    pair.run(5_000_000)
    assert pair.near.events[-1] == SendReady()
    assert pair.send(b"one more")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"data": b""}, "expected 1"),
        ({"data": bytes(MAX_MESSAGE_BYTES + 1)}, "expected 1"),
        ({"data": b"x", "stream_id": 1024}, "stream is 1024"),
        ({"data": b"x", "life_time_ms": 1, "retransmits": 1}, "not both"),
    ],
)
def test_what_cannot_be_sent_is_refused(pair: Pair, options: dict[str, object], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        pair.send(**options)  # type: ignore[arg-type]


def test_nothing_is_sent_before_it_is_connected(stack: SctpStack) -> None:
    pair = Pair(stack)
    with pytest.raises(InvalidState, match="this one is new"):
        pair.send(b"x")
    with pytest.raises(InvalidState, match="this one is new"):
        pair.near.association.reset_streams([1], pair.now_us)


def test_streams_are_reset_both_ways_and_used_again(pair: Pair) -> None:
    pair.send(b"first", 3)
    pair.near.association.reset_streams([3, 4], pair.now_us)
    pair.run(1_000_000)
    assert pair.far.messages == [(3, 53, b"first")]
    assert sorted(pair.far.resets) == [3, 4]
    pair.far.association.reset_streams([3], pair.now_us)
    pair.run(1_000_000)
    assert pair.near.resets == [3]
    assert pair.send(b"again", 3)
    pair.run(1_000_000)
    assert pair.far.messages[1:] == [(3, 53, b"again")]


def test_streams_that_the_peer_does_not_take_are_passed_over(stack: SctpStack) -> None:
    pair = Pair(stack)
    pair.far = End(open_association(stack, streams=4))
    pair.connect()
    for stream_ids in ([4], [3, 1023], []):
        pair.near.association.reset_streams(stream_ids, pair.now_us)
    pair.run(1_000_000)
    assert pair.far.resets == [3]


def test_a_stream_that_is_being_reset_takes_no_message_until_it_is(pair: Pair) -> None:
    pair.near.association.reset_streams([3], pair.now_us)
    assert not pair.send(b"too early", 3)
    pair.run(1_000_000)
    assert pair.near.events[-1] == SendReady()
    assert pair.send(b"now", 3)


def test_close_aborts(pair: Pair) -> None:
    pair.near.association.close()
    pair.run(100_000)
    assert pair.near.states == ["connecting", "connected"]
    assert pair.far.states[-1] == "closed"
    pair.near.association.close()
    with pytest.raises(InvalidState, match="closed"):
        pair.send(b"x")


def test_a_silent_peer_fails_the_association(pair: Pair) -> None:
    pair.near.arrives = pair.far.arrives = lambda packet: []
    pair.send(b"x")
    sent = len(pair.near.packets)
    pair.run(400_000_000)
    assert pair.near.states[-1] == "failed"
    assert len(pair.near.packets) - sent >= 1 + 10


def test_a_peer_that_never_answers_init_fails_the_association(stack: SctpStack) -> None:
    pair = Pair(stack)
    pair.near.association.connect(pair.now_us)
    pair.run(400_000_000)
    assert pair.near.states == ["connecting", "failed"]
    assert len(pair.near.packets) == 1 + 8 + 1, "INIT, its repetitions, ABORT"


def test_an_idle_association_lives_by_heartbeats(pair: Pair) -> None:
    sent = len(pair.near.packets)
    pair.run(300_000_000)
    assert pair.near.states[-1] == "connected"
    assert len(pair.near.packets) - sent in range(10, 40)
    pair.near.arrives = pair.far.arrives = lambda packet: []
    pair.run(1_000_000_000)
    assert pair.near.states[-1] == "failed"


def test_an_association_needs_room_for_its_messages(stack: SctpStack) -> None:
    with pytest.raises(ValueError, match="need a send buffer"):
        open_association(stack, send_buffer_bytes=MAX_MESSAGE_BYTES - 1)
    with pytest.raises(ValueError, match="need a send buffer"):
        open_association(stack, reassembly_bytes=2 * MAX_MESSAGE_BYTES)


def test_packets_have_the_size_that_the_path_takes(stack: SctpStack) -> None:
    with pytest.raises(ValueError, match="packets have 511 bytes"):
        open_association(stack, packet_bytes=511)


def test_associations_are_made_by_a_stack() -> None:
    with pytest.raises(TypeError, match="makes associations"):
        Association()


def test_a_closed_stack_takes_no_call() -> None:
    with sctp_stack() as stack:
        pass
    with pytest.raises(InvalidState, match="closed"):
        open_association(stack)
    with pytest.raises(InvalidState, match="closed"):
        stack.handle_timer(START_US)
    assert stack.get_timer() is None
