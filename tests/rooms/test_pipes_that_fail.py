"""Pipes that cannot be made, or are lost: nothing is left of them, and what is needed is made again."""

from __future__ import annotations

import asyncio

import pytest

from mediad.errors import MediadError, Unavailable
from mediad.rooms import offer_book
from tests.support.calls import Call, apart, run_spread
from tests.support.rtp_samples import opus, vp8


@pytest.mark.parametrize(
    ("method", "worker_id"),
    [
        ("transport.createPipe", 0),
        ("transport.createPipe", 1),
        ("transport.connectPipe", 0),
        ("producer.create", 1),
        ("consumer.createPipe", 0),
    ],
)
def test_what_fails_leaves_nothing_and_is_tried_again(
    method: str, worker_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(call: Call) -> None:
        monkeypatch.setattr(offer_book, "RETRY_S", 0.02)
        ana, ben = await call.member("ana"), await call.member("ben")
        here, there = call.placement.workers
        call.placement.workers[worker_id].failures[method] = Unavailable("no room")
        producer_id = await ana.produce("video", vp8())
        await call.settle()
        assert ben.listener.offers == []
        assert (list(there.producers), list(here.consumers), list(there.consumers)) == ([], [], [])
        assert list(ana.seat.room.pipes.piped()) == []
        del call.placement.workers[worker_id].failures[method]
        await asyncio.sleep(0.1)
        assert [offer.producer_id for offer in ben.listener.offers] == [producer_id]

    run_spread(scenario)


def test_what_was_made_too_slowly_is_closed_before_it_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(call: Call) -> None:
        monkeypatch.setattr(offer_book, "RETRY_S", 0.0)
        ana, ben = await call.member("ana"), await call.member("ben")
        there = call.placement.workers[1]
        there.too_slow.add("producer.create")
        there.hold("producer.close")
        await ana.produce("video", vp8())
        await asyncio.sleep(0.02)
        there.too_slow.clear()
        await asyncio.sleep(0.02)
        assert len(there.called("producer.create")) == 1
        there.release("producer.close")
        await asyncio.sleep(0.05)
        assert len(ben.listener.offers) == 1

    run_spread(scenario)


def test_a_lost_pipe_is_made_again() -> None:
    async def scenario(call: Call) -> None:
        ana, ben, here, _ = await apart(call)
        producer_id = await ana.produce("audio", opus())
        await ana.produce_data("chat")
        await ben.produce("audio", opus())
        await call.settle()
        (pair,) = ana.seat.room.pipes.pairs()
        end = pair.ids[ana.seat.peer.branch]
        here.emit("transport.failed", transportId=end, reason="its socket is gone")
        await call.settle()
        (other,) = ana.seat.room.pipes.pairs()
        assert other is not pair
        assert end not in here.transports
        assert [offer.producer_id for offer in ben.listener.offers] == [producer_id] * 2
        assert len(ben.listener.named("consumer closed")) == 1
        assert [offer.label for offer in ben.listener.data_offers[-2:]] == ["bot", "chat"]
        assert not ana.seat.peer.closed

    run_spread(scenario)


def test_a_lost_channel_is_made_again() -> None:
    async def scenario(call: Call) -> None:
        ana, ben, here, there = await apart(call)
        producer_id = await ana.produce_data("chat")
        await call.settle()
        (piped,) = [p for p in ana.seat.room.pipes.piped() if p.producer.id == producer_id]
        here.data.reset(piped.consumer_id)
        here.emit("dataConsumer.closed", dataConsumerId=piped.consumer_id, reason="its queue is full")
        await call.settle()
        there.data.reset(producer_id)
        there.emit("dataProducer.closed", dataProducerId=producer_id, reason="reset")
        await call.settle()
        assert [offer.label for offer in ben.listener.data_offers] == ["bot", "chat", "chat", "chat"]
        assert producer_id in ana.seat.room.books.data_producers
        assert len(there.data.producers) == 2

    run_spread(scenario)


def test_a_worker_that_refuses_costs_its_own_branch_the_track() -> None:
    async def scenario(call: Call) -> None:
        guests = [await call.member(name) for name in "abc"]
        call.placement.workers[1].failures["producer.create"] = MediadError("cannot receive this")
        await guests[0].produce("video", vp8())
        await call.settle()
        assert [len(guest.listener.offers) for guest in guests] == [0, 0, 1]

    run_spread(scenario, workers=3)
