"""Offers to many at once: few requests, repeated where there was no room, and rooms in turn."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mediad.errors import Forbidden
from mediad.pipe.messages import ReplyT, Request
from mediad.pipe.requests import CreateConsumers
from mediad.rooms import offer_book
from mediad.rooms.limits import RoomLimits
from mediad.rooms.media_worker import Compose
from mediad.rooms.offer_queue import OFFERS_PER_PEER
from mediad.rooms.spread import SpreadRules
from tests.support.calls import Call, Guest, run
from tests.support.listeners import holding
from tests.support.rtp_samples import opus, vp8


async def crowd(call: Call, count: int, **options: Any) -> list[Guest]:
    """Return so many guests who have all come at once, each sending sound and picture."""
    guests = await asyncio.gather(*(call.member(f"p{n}", **options) for n in range(count)))
    await asyncio.gather(*(guest.produce("audio", opus(ssrc=1)) for guest in guests))
    await asyncio.gather(*(guest.produce("video", vp8(ssrc=3, mid="1")) for guest in guests))
    return list(guests)


async def settle(call: Call, rounds: int = 20) -> None:
    for _ in range(rounds):
        await call.settle()


def test_a_crowd_is_offered_everything_with_few_requests() -> None:
    async def scenario(call: Call) -> None:
        guests = await crowd(call, 20)
        await settle(call)
        assert [len(guest.listener.named("consumer score")) for guest in guests] == [38] * 20
        assert len(call.worker.consumers) == 20 * 38
        assert not any(consumer["paused"] for consumer in call.worker.consumers.values())
        assert len(call.worker.called("consumers.create")) < 20 * 38 / 8
        assert len(call.worker.called("consumers.resume")) < 20 * 38 / 8
        assert call.worker.called("consumer.resume") == []

    run(scenario)


def test_all_consumers_of_a_newcomer_are_one_request_and_so_are_those_of_a_new_track() -> None:
    async def scenario(call: Call) -> None:
        guests = await crowd(call, 6)
        await settle(call)
        call.worker.requests.clear()
        newcomer = await call.member("new")
        await settle(call)
        (request,) = call.worker.called("consumers.create")
        assert len(request["consumers"]) == 12
        assert len(request["forms"]) == 12
        call.worker.requests.clear()
        await newcomer.produce("video", vp8())
        await settle(call)
        (request,) = call.worker.called("consumers.create")
        assert {new["transportId"] for new in request["consumers"]} == {g.receiving for g in guests}
        assert len(request["forms"]) == 1, "they can all receive the same"
        assert request["forms"][0]["producedBy"] == "4:room/new"

    run(scenario)


def test_what_found_no_room_is_offered_again_until_there_is_some(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offer_book, "RETRY_S", 0)

    async def scenario(call: Call) -> None:
        call.worker.consumer_room = 3
        guests = await crowd(call, 3)
        await settle(call)
        assert len(call.worker.consumers) == 3
        assert sum(len(guest.listener.offers) for guest in guests) == 3
        call.worker.consumer_room = None
        await settle(call)
        assert len(call.worker.consumers) == 12
        assert [len(guest.listener.named("consumer score")) for guest in guests] == [4] * 3

    run(scenario)


@pytest.mark.parametrize("what", ["the track", "the sender", "the receiver"])
def test_what_found_no_room_is_given_up_with_its_cause(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offer_book, "RETRY_S", 0)

    async def scenario(call: Call) -> None:
        ana, ben = await call.member("ana"), await call.member("ben")
        call.worker.consumer_room = 0
        producer_id = await ana.produce("audio", opus())
        await settle(call)
        assert len(call.worker.called("consumers.create")) > 1
        if what == "the track":
            await ana.seat.producing.close(producer_id)
        else:
            (ana if what == "the sender" else ben).disconnect()
        call.worker.consumer_room = None
        await settle(call)
        asked = len(call.worker.called("consumers.create"))
        await settle(call)
        assert len(call.worker.called("consumers.create")) == asked
        assert ben.listener.offers == []
        assert not call.worker.consumers

    run(scenario)


@pytest.mark.parametrize("method", ["consumers.create", "consumers.resume"])
def test_a_request_without_an_answer_is_made_again(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offer_book, "RETRY_S", 0)

    async def scenario(call: Call) -> None:
        call.worker.too_slow = {method}
        guests = await crowd(call, 3)
        await settle(call)
        assert not any(guest.listener.named("consumer score") for guest in guests)
        call.worker.too_slow = set()
        await settle(call)
        assert len(call.worker.consumers) == 12, "none is left over from the attempts"
        assert not any(consumer["paused"] for consumer in call.worker.consumers.values())
        assert [len(guest.listener.named("consumer score")) for guest in guests] == [4] * 3

    run(scenario)


def test_a_client_that_does_not_answer_holds_no_more_than_its_own() -> None:
    async def scenario(call: Call) -> None:
        silent = await call.member("silent", listener=holding())
        guests = await crowd(call, 40)
        await settle(call, 40)
        assert len(silent.listener.offers) == OFFERS_PER_PEER
        assert [len(guest.listener.named("consumer score")) for guest in guests] == [78] * 40
        silent.listener.answer_offers()
        await settle(call)
        assert len(silent.listener.named("consumer score")) == 80

    run(scenario)


def test_one_that_spoils_a_request_costs_only_itself() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.member("ana"), await call.member("ben")
        real = call.worker.request_for
        spoilt = ""

        async def request_for(
            router_id: str, kind: type[Request[ReplyT]], compose: Compose[ReplyT]
        ) -> ReplyT:
            def checked() -> Request[ReplyT] | None:
                request = compose()
                forms = request.forms if isinstance(request, CreateConsumers) else []
                if any(form.producer_id == spoilt for form in forms):
                    raise Forbidden("this request has crashed a worker before")
                return request

            return await real(router_id, kind, checked)

        call.worker.request_for = request_for  # type: ignore[method-assign]
        spoilt = await ana.produce("audio", opus())
        well = await ana.produce("video", vp8())
        await settle(call)
        assert [offer.producer_id for offer in ben.listener.offers] == [well]
        assert not ana.seat.room.offers.queue._under_way

    run(scenario)


def test_nothing_is_left_in_the_books_of_offers() -> None:
    async def scenario(call: Call) -> None:
        guests = await crowd(call, 8)
        guests[0].disconnect()
        await settle(call)
        guests[1].disconnect()
        await settle(call)
        book = guests[2].seat.room.offers
        assert (book._batches, book.resuming, book.queue._under_way, book.queue._waiting) == (
            0,
            False,
            {},
            {},
        )
        assert not book.accepted

    run(scenario)


def test_other_rooms_come_in_between() -> None:
    """A crowd's offers go by slices, and each slice lets the others' requests pass."""

    async def scenario(call: Call) -> None:
        guests = await crowd(call, 20)
        joined = await call.member("quiet", room_id="other")
        assert joined.seat.peer.joined
        made = sum(len(guest.listener.offers) for guest in guests)
        assert made < 20 * 38 / 2
        await settle(call)
        assert sum(len(guest.listener.offers) for guest in guests) == 20 * 38

    run(scenario)


def test_each_worker_of_a_room_is_asked_for_what_is_on_it() -> None:
    async def scenario(call: Call) -> None:
        guests = [await call.member(name) for name in ("ana", "ben", "cid")]
        await guests[0].produce("audio", opus())
        await settle(call)
        asked = [worker.called("consumers.create") for worker in call.placement.workers]
        made = [[new["transportId"] for data in each for new in data["consumers"]] for each in asked]
        assert made == [[guests[2].receiving], [guests[1].receiving]]

    run(scenario, workers=2, limits=RoomLimits(spread=SpreadRules(2)))
