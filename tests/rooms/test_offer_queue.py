"""The order of offers."""

from __future__ import annotations

import weakref

import pytest

from mediad.ortc.parameters import RtpParameters
from mediad.rooms.entities import Producer, Transport
from mediad.rooms.offer_queue import TAKEN_IN_A_ROW, OfferQueue
from tests.support.calls import stranger


def tracks(count: int) -> list[Producer]:
    sender = stranger("sender")
    transport = Transport("t", sender, sender.branch, consuming=False)
    return [Producer(str(n), "audio", "simple", transport, RtpParameters(()), {}) for n in range(count)]


def names(queue: OfferQueue, limit: int = 1000) -> list[str]:
    return [f"{peer.id}{producer.id}" for peer, producer in queue.take(limit)]


def test_a_newcomer_with_much_to_come_delays_nobody() -> None:
    queue = OfferQueue(window=100)
    newcomer, other = stranger("n"), stranger("o")
    wanted = tracks(2 * TAKEN_IN_A_ROW + 1)
    for producer in wanted:
        queue.put(newcomer, producer)
    queue.put(other, wanted[0])
    taken = names(queue)
    assert taken.index("o0") == TAKEN_IN_A_ROW
    assert [name for name in taken if name[0] == "n"] == [f"n{n}" for n in range(len(wanted))]
    assert not queue


@pytest.mark.parametrize("limit", [1, 3, 1000])
def test_a_client_that_does_not_answer_holds_no_more_than_its_own(limit: int) -> None:
    queue = OfferQueue(window=3)
    silent, other = stranger("s"), stranger("o")
    wanted = tracks(5)
    for producer in wanted:
        queue.put(silent, producer)
        queue.put(other, producer)
    taken: list[str] = []
    while queue:
        batch = names(queue, limit)
        taken += batch
        for _ in [name for name in batch if name[0] == "o"]:
            queue.done(other)
    assert sorted(taken) == ["o0", "o1", "o2", "o3", "o4", "s0", "s1", "s2"]
    queue.done(silent)
    assert names(queue) == ["s3"]


def test_what_is_gone_is_not_taken() -> None:
    queue = OfferQueue(window=2)
    here, gone = stranger("h"), stranger("g")
    wanted = tracks(3)
    for producer in wanted:
        queue.put(here, producer)
        queue.put(gone, producer)
    gone.closed = wanted[1].closed = True
    assert names(queue) == ["h0", "h2"]
    assert not queue
    queue.done(here)
    queue.done(here)
    assert queue._under_way == {}
    assert queue._waiting == {}


def test_little_of_what_has_closed_waits_for_a_client_that_does_not_answer() -> None:
    queue = OfferQueue(window=1)
    silent = stranger("s")
    wanted = tracks(3000)
    alive = [weakref.ref(producer) for producer in wanted]
    queue.put(silent, wanted[0])
    assert names(queue) == ["s0"]
    kept = wanted[1::30]
    while wanted:
        producer = wanted.pop(0)
        queue.put(silent, producer)
        producer.closed = producer not in kept
    del producer
    assert sum(reference() is not None for reference in alive) < 3 * len(kept) + 2
    queue.done(silent)
    assert names(queue) == [f"s{kept[0].id}"]
