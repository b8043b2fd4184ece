"""A room's part on one worker: what is asked of it, and what is closed there."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from mediad.errors import InvalidState, MediadError, Unavailable
from mediad.pipe.requests import GetTransportStats
from mediad.rooms import branch
from tests.support.calls import Call, run
from tests.support.rtp_samples import opus

MEMBERSHIP = ("joined", "left")


@pytest.mark.parametrize("what", ["router", "transport", "producer", "consumer"])
def test_what_was_made_too_slowly_is_closed_again(what: str) -> None:
    async def scenario(call: Call) -> None:
        call.worker.too_slow = {f"{what}.create", f"{what}s.create"}
        with contextlib.suppress(Unavailable):
            ana, ben = await call.member("ana"), await call.member("ben")
            await ana.produce("audio", opus())
            await call.settle()
            assert ben.listener.offers == []
            assert not ana.seat.room.books.consumers
        await call.settle()
        assert getattr(call.worker, f"{what}s") == {}

    run(scenario)


def test_an_overloaded_worker_is_asked_again_to_close(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(branch, "_DISCARD_RETRY_S", 0)

    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        call.worker.failures["router.close"] = Unavailable("overloaded")
        ana.disconnect()
        await call.settle()
        assert not call.worker.is_empty()
        del call.worker.failures["router.close"]
        await asyncio.wait_for(call.registry.close(), 5)
        assert call.worker.is_empty()

    run(scenario)


def test_a_branch_whose_worker_is_gone_asks_nothing_more() -> None:
    async def scenario(call: Call) -> None:
        await call.member("ana")
        call.registry.worker_died(0)
        await call.settle()
        assert call.worker.called("router.close") == []
        assert call.worker.subscribers == {}

    run(scenario)


def test_a_router_that_could_not_be_made_is_not_closed() -> None:
    async def scenario(call: Call) -> None:
        call.worker.failures["router.create"] = MediadError("out of memory")
        with pytest.raises(MediadError, match="out of memory"):
            await call.connect("ana")
        await call.settle()
        assert call.worker.called("router.close") == []
        assert call.worker.subscribers == {}

    run(scenario)


def test_what_was_closed_before_its_turn_is_not_asked_for() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.connect("ana")
        ana.disconnect()
        with pytest.raises(InvalidState):
            await ana.seat.peer.branch.ask(GetTransportStats("t"), about=ana.seat.peer)
        assert call.worker.called("transport.stats") == []

    run(scenario)


def test_each_thing_knows_its_branch() -> None:
    async def scenario(call: Call) -> None:
        ana, _ = await call.member("ana"), await call.member("ben")
        await ana.produce("audio", opus())
        await call.settle()
        room = ana.seat.room
        books = room.books
        assert (len(books.transports), len(books.producers), len(books.consumers)) == (4, 1, 1)
        branches = {peer.branch for peer in room.peers.values()}
        branches |= {transport.branch for transport in books.transports.values()}
        branches |= {producer.branch for producer in books.producers.values()}
        branches |= {consumer.branch for consumer in books.consumers.values()}
        assert branches == set(room.branches)

    run(scenario)
