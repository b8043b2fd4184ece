"""A peer that sends what no honest one does: memory stays below a bound, other associations live on."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterator, Sequence

import pytest

from mediad.protocols.sctp_events import SendReady
from tests.support import sctp_packets as p
from tests.support.sctp import MAX_MESSAGE_BYTES, Pair, sctp_stack

STREAMS = 1024
BOUND_BYTES = 4 * MAX_MESSAGE_BYTES + 2 * (1 << 20) + 10_000

Attack = Callable[[int, int], bytes | Sequence[bytes]]
"""Makes the chunks of the n-th packet, given the peer's first TSN."""

ATTACKS: dict[str, Attack] = {
    "a message in crumbs": lambda n, tsn: p.data(tsn + n, flags=p.FIRST if n == 0 else 0),
    "crumbs with holes between": lambda n, tsn: p.data(tsn + 1 + 2 * n, flags=0),
    "packets with holes between": lambda n, tsn: p.data(tsn + 1 + 2 * n, bytes(1100), flags=0),
    "beginnings without ends": lambda n, tsn: p.data(tsn + n, bytes(900), flags=p.FIRST, stream=n % STREAMS),
    "order that waits for the first": lambda n, tsn: p.data(tsn + n, bytes(1100), number=n + 1),
    "many streams that wait": lambda n, tsn: [
        p.data(tsn + n * 55 + k, number=n + 1, stream=k) for k in range(55)
    ],
    "a longer message than allowed": lambda n, tsn: p.data(
        tsn + n, bytes(1100), flags=p.FIRST if n == 0 else 0
    ),
    "resets that wait": lambda n, tsn: p.reset_request(tsn + n, tsn + 100_000, range(200)),
    "resets of streams that are not": lambda n, tsn: p.reset_request(tsn + n, tsn - 1, range(60_000, 60_200)),
    "TSNs given up, ever further": lambda n, tsn: p.forward_tsn(
        tsn + n * 1000, [(k, n & 0xFFFF) for k in range(250)]
    ),
    "duplicates": lambda n, tsn: [p.data(tsn)] * 50,
    "TSNs far away": lambda n, tsn: p.data(tsn + n * 0x0100_0193),
    "chunks to report": lambda n, tsn: [p.chunk(0xFF)] * 250,
    "heartbeats": lambda n, tsn: p.chunk(p.HEARTBEAT, struct.pack("!HH", 1, 1100) + bytes(1096)),
    "cookies": lambda n, tsn: p.chunk(p.COOKIE_ECHO, bytes(1000)),
    "errors": lambda n, tsn: p.chunk(p.ERROR, struct.pack("!HHI", 3, 8, n)),
}


@pytest.fixture
def pair() -> Iterator[Pair]:
    with sctp_stack() as stack:
        yield Pair(stack).connect()


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_a_peer_can_make_us_keep_is_bounded(pair: Pair, attack: str) -> None:
    victim, target = pair.far.association, p.numbers(pair.far.packets)
    tsn, idle = p.numbers(pair.near.packets).tsn, victim.memory_bytes
    most = 0
    for n in range(10_000 if "crumbs" in attack or "resets" in attack else 1_500):
        made = ATTACKS[attack](n, tsn)
        pair.now_us += 100
        victim.receive_datagram(
            p.packet(target.tag, *([made] if isinstance(made, bytes) else made)), pair.now_us
        )
        most = max(most, victim.memory_bytes - idle)
        for _ in pair.far.drain():
            pass
    assert most < BOUND_BYTES
    assert pair.far.states[-1] in ("connected", "failed", "closed")
    others = Pair(pair.stack)
    others.now_us = pair.now_us
    others.connect()
    assert others.send(b"unharmed")
    others.run(100_000)
    assert others.far.messages == [(1, 53, b"unharmed")]


@pytest.mark.parametrize("attack", ["a message in crumbs", "resets that wait"])
def test_whoever_makes_us_keep_more_is_aborted(pair: Pair, attack: str) -> None:
    target, tsn = p.numbers(pair.far.packets), p.numbers(pair.near.packets).tsn
    for n in range(20_000):
        made = ATTACKS[attack](n, tsn)
        assert isinstance(made, bytes)
        pair.far.association.receive_datagram(p.packet(target.tag, made), pair.now_us)
        list(pair.far.drain())
    assert pair.far.association.memory_bytes == 0
    assert pair.far.association.dropped["after_end"] > 0
    assert pair.far.states[-1] == "failed"
    assert [one.kind for one in p.chunks(pair.far.packets[-1])] == [p.ABORT]


@pytest.mark.parametrize("flags", [0, 1])
def test_an_end_counts_under_either_tag(pair: Pair, flags: int) -> None:
    """RFC 9260 section 8.5.1: with flag T it carries the tag that its sender was sent."""
    told = p.numbers((pair.near if flags else pair.far).packets)
    pair.far.association.receive_datagram(p.packet(told.tag, p.chunk(p.ABORT, flags=flags)), pair.now_us)
    list(pair.far.drain())
    assert pair.far.states[-1] == "closed"


def test_a_wrong_tag_costs_the_same_however_many_associations_there_are() -> None:
    costs_us = []
    for count in (1, 200):
        with sctp_stack() as stack:
            pairs = [Pair(stack).connect() for _ in range(count)]
            victim = pairs[0]
            packet = p.packet(1, p.data(0))
            best = 1.0
            for _ in range(20):
                begun = time.process_time()
                for _ in range(200):
                    victim.far.association.receive_datagram(packet, victim.now_us)
                best = min(best, time.process_time() - begun)
            costs_us.append(best / 200 * 1e6)
            assert victim.far.association.dropped["tag"] == 4000
    print(f"a packet with a wrong tag: {costs_us[0]:.2f} us of one, {costs_us[1]:.2f} us of 400 associations")
    assert costs_us[1] < 3 * costs_us[0] + 1


def test_forged_tags_and_checksums_change_nothing(pair: Pair) -> None:
    target, tsn = p.numbers(pair.far.packets), p.numbers(pair.near.packets).tsn
    good = p.packet(target.tag, p.data(tsn, b"forged"))
    for packet in (
        p.packet(target.tag ^ 1, p.data(tsn, b"forged")),
        p.packet(target.tag ^ 1, p.chunk(p.ABORT)),
        p.packet(0, p.data(tsn, b"forged")),
        good[:8] + bytes(4) + good[12:],
        good[:-1] + b"!",
    ):
        pair.far.association.receive_datagram(packet, pair.now_us)
    pair.run(1_000_000)
    assert pair.far.messages == []
    assert pair.far.states[-1] == "connected"
    assert pair.send(b"true")
    pair.run(1_000_000)
    assert pair.far.messages == [(1, 53, b"true")]


def test_a_flood_of_init_leaves_nothing_behind() -> None:
    with sctp_stack() as stack:
        pair = Pair(stack)
        pair.far.association.connect(pair.now_us)
        pair.settle()
        before = pair.far.association.memory_bytes
        for number in range(2000):
            pair.far.association.receive_datagram(p.packet(0, p.init(number + 1, 7)), pair.now_us)
            assert len(list(pair.far.drain())) <= 1
        assert pair.far.association.memory_bytes == before
        assert pair.far.association.dropped == {"init": 1999}, "each is looked for among all associations"
        pair.connect_near()


def test_streams_are_as_many_as_we_say_whatever_the_peer_wants() -> None:
    with sctp_stack() as stack:
        pair = Pair(stack)
        pair.far.association.connect(pair.now_us)
        pair.settle()
        wanted = p.init(1, 7, streams_out=65_535, streams_in=65_535)
        pair.far.association.receive_datagram(p.packet(0, wanted), pair.now_us)
        list(pair.far.drain())
        [answer] = p.chunks(pair.far.packets[-1])
        assert answer.kind == p.INIT_ACK
        assert struct.unpack_from("!HH", answer.body, 8) == (STREAMS, STREAMS)
        assert pair.far.association.memory_bytes < 500_000


def test_gaps_without_end_cost_bounded_time(pair: Pair) -> None:
    """A SACK has at most 290 gaps here, and each is looked for among what is under way."""
    ours, tsn = p.numbers(pair.far.packets), p.numbers(pair.far.packets).tsn
    pair.far.arrives = lambda packet: []
    while pair.far.send(bytes(500), pair.now_us):
        pair.settle()
    gaps = [(2 * k, 2 * k) for k in range(1, 290)]
    for _ in range(500):
        pair.far.association.receive_datagram(p.packet(ours.tag, p.sack(tsn - 1, gaps=gaps)), pair.now_us)
        pair.settle()
    assert pair.far.states[-1] in ("connected", "failed")


def test_messages_that_wait_are_bounded_by_memory_too(pair: Pair) -> None:
    """The shortest messages cost 400 bytes each: without a bound, a full buffer of them would cost 100 MB."""
    pair.near.arrives = lambda packet: []
    sent = 0
    while pair.send(b"x"):
        sent += 1
    assert 1000 < sent < 5000
    assert pair.near.association.memory_bytes < 4 * MAX_MESSAGE_BYTES + 200_000
    pair.near.arrives = lambda packet: [packet]
    pair.run(30_000_000)
    assert len(pair.far.messages) == sent
    assert pair.send(b"x")


def test_what_a_peer_makes_us_keep_holds_up_its_own_messages_only_so_long(pair: Pair) -> None:
    """Memory that a message in parts takes is free again when it is whole, and then SendReady follows."""
    ours, tsn = p.numbers(pair.near.packets), p.numbers(pair.far.packets).tsn
    for n in range(4500):
        pair.near.association.receive_datagram(
            p.packet(ours.tag, p.data(tsn + n, flags=p.FIRST if n == 0 else 0)), pair.now_us
        )
    assert not pair.send(b"no room")
    pair.near.association.receive_datagram(p.packet(ours.tag, p.data(tsn + 4500, flags=p.LAST)), pair.now_us)
    list(pair.near.drain())
    assert len(pair.near.messages[-1][2]) == 4501
    assert pair.near.events[-1] == SendReady()
    assert pair.send(b"room")
