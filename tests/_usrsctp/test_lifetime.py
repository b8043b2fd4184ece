"""Associations that begin and end, in every state and over and over: nothing of them is left."""

from __future__ import annotations

import gc
import random
from collections.abc import Callable

import psutil
import pytest

from mediad._usrsctp.association import Association
from tests.support import sctp_packets as p
from tests.support.sctp import START_US, Pair, open_association, sctp_stack

CYCLES = 1000


def talk_and_close(pair: Pair) -> None:
    pair.connect()
    pair.send(bytes(50_000))
    pair.near.association.reset_streams([5], pair.now_us)
    pair.run(300_000)
    pair.send(bytes(50_000))
    pair.near.association.close()
    pair.far.association.close()


def test_a_thousand_associations_leave_memory_as_it_was() -> None:
    process = psutil.Process()
    with sctp_stack() as stack:
        now_us = START_US
        for cycle in range(CYCLES):
            if cycle == CYCLES // 10:
                gc.collect()
                before = process.memory_info().rss
            pair = Pair(stack)
            pair.now_us = now_us
            talk_and_close(pair)
            now_us = pair.now_us
        gc.collect()
        assert process.memory_info().rss < before * 1.02
        assert stack.get_timer() is None


def connecting(pair: Pair) -> None:
    pair.near.association.connect(pair.now_us)


def half_open(pair: Pair) -> None:
    pair.far.arrives = lambda packet: []
    pair.near.association.connect(pair.now_us)
    pair.far.association.connect(pair.now_us)
    pair.run(1_000_000)


def with_messages_under_way(pair: Pair) -> None:
    pair.connect().send(bytes(200_000))


def with_a_message_that_is_not_whole(pair: Pair) -> None:
    pair.connect()
    target, tsn = p.numbers(pair.near.packets), p.numbers(pair.far.packets).tsn
    chunks = [p.data(tsn + n, bytes(500), flags=p.FIRST if n == 0 else 0) for n in (0, 1, 3)]
    pair.near.association.receive_datagram(p.packet(target.tag, *chunks), pair.now_us)


def with_a_reset_under_way(pair: Pair) -> None:
    pair.connect().send(b"x", 3)
    pair.near.association.reset_streams([3, 4], pair.now_us)


def aborted(pair: Pair) -> None:
    pair.connect().far.association.close()
    pair.run(100_000)


@pytest.mark.parametrize(
    "bring",
    [
        lambda pair: None,
        connecting,
        half_open,
        Pair.connect,
        with_messages_under_way,
        with_a_message_that_is_not_whole,
        with_a_reset_under_way,
        aborted,
    ],
)
def test_an_association_may_be_closed_at_any_moment(bring: Callable[[Pair], object]) -> None:
    with sctp_stack() as stack:
        pair = Pair(stack)
        bring(pair)
        pair.near.association.close()
        assert pair.near.association.memory_bytes == 0
        pair.near.association.close()
        pair.near.association.receive_datagram(p.packet(1, p.data(1)), pair.now_us)
        pair.run(200_000_000)
        assert pair.near.association.dropped["after_end"] > 0


def test_associations_end_while_others_work() -> None:
    """Open, connect, send and close in a random order, with packets and timers of all between."""
    chance = random.Random(1)
    with sctp_stack() as stack:
        pairs: list[Pair] = []
        now_us = START_US
        for _ in range(400):
            now_us += chance.randrange(100_000)
            if len(pairs) < 8:
                pairs.append(Pair(stack))
                pairs[-1].near.association.connect(now_us)
                pairs[-1].far.association.connect(now_us)
            pair = chance.choice(pairs)
            pair.now_us = now_us
            pair.settle()
            action = chance.randrange(6)
            if action == 0:
                pairs.remove(pair)
                chance.choice((pair.near, pair.far)).association.close()
            elif "connected" in pair.near.states[-1:]:
                pair.send(chance.randbytes(chance.randrange(1, 5000)), chance.randrange(5))
            stack.handle_timer(now_us)
    assert stack.get_timer() is None


def test_the_stack_forgets_what_is_closed() -> None:
    with sctp_stack() as stack:
        associations = [open_association(stack) for _ in range(3)]
        associations[0].close()
        assert stack.get_timer() is not None
    assert [one.memory_bytes for one in associations] == [0, 0, 0]
    del associations, stack
    gc.collect()
    assert not any(isinstance(one, Association) for one in gc.get_objects())
