"""How tracks reach the others: created paused, asked, resumed; and every way this can go wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from mediad.errors import Forbidden, MediadError
from mediad.rooms import offers
from mediad.rooms.limits import RoomLimits
from mediad.rooms.listener import Device
from mediad.rooms.media import Compose
from mediad.rooms.offer_queue import OFFERS_PER_PEER
from tests.support.bookkeeping_worker import DEFAULT_SCORE
from tests.support.calls import Call, Guest, told
from tests.support.listeners import RecordingListener
from tests.support.rtp_samples import h264, opus, vp8, vp8_simulcast


def run(scenario: Callable[[Call], Coroutine[Any, Any, None]], **options: Any) -> None:
    async def main() -> None:
        await scenario(Call(**options))

    asyncio.run(main())


def holding() -> RecordingListener:
    listener = RecordingListener()
    listener.hold_offers()
    return listener


def test_a_track_flows_only_after_its_receiver_agreed() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        ben = await call.member("ben", listener=holding())
        producer_id = await ana.produce("video", vp8(), source="camera")
        await call.settle()
        offer = ben.listener.offers[0]
        assert (offer.peer_id, offer.producer_id, offer.kind) == ("ana", producer_id, "video")
        assert offer.app_data == {"source": "camera"}
        made = call.worker.consumers[offer.consumer_id]
        assert made["transportId"] == ben.receiving
        encoding = offer.rtp_parameters["encodings"][0]
        assert (made["ssrc"], made["rtxSsrc"]) == (encoding["ssrc"], encoding["rtx"]["ssrc"])
        assert made["mid"] == offer.rtp_parameters["mid"]
        assert made["rtpParameters"]["codecs"] == offer.rtp_parameters["codecs"]
        assert (made["paused"], made["ignoreDtx"]) == (True, True)
        assert ben.listener.named("consumer score") == []
        ben.listener.answer_offers()
        await call.settle()
        assert made["paused"] is False
        assert ben.listener.heard == [
            ("offered", offer.consumer_id),
            ("consumer score", offer.consumer_id, DEFAULT_SCORE),
        ]

    run(scenario)


def test_a_joiner_is_offered_everything_at_once() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        ids = [await ana.produce("audio", opus()), await ana.produce("video", vp8_simulcast())]
        ben = await call.member("ben", listener=holding())
        assert ben.listener.heard == [], "nothing overtakes the answer to join"
        await call.settle()
        assert [offer.producer_id for offer in ben.listener.offers] == ids
        assert [offer.rtp_parameters["mid"] for offer in ben.listener.offers] == ["0", "1"]

    run(scenario)


def test_everybody_is_offered_a_new_track_but_its_sender() -> None:
    async def scenario(call: Call) -> None:
        guests = [await call.member(name, listener=holding()) for name in ("ana", "ben", "cid", "dee")]
        outsider = await call.connect("eve")
        await guests[0].produce("audio", opus())
        await call.settle()
        assert [len(guest.listener.offers) for guest in guests] == [0, 1, 1, 1]
        assert outsider.listener.offers == []

    run(scenario)


def test_replicas_multiply_what_their_asker_receives_and_nobody_else() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana", consumer_replicas=16)
        ben = await call.member("ben", consumer_replicas=2)
        cid = await call.member("cid")
        await ana.produce("audio", opus())
        await call.settle()
        assert len(ben.listener.offers) == 3
        assert len({offer.rtp_parameters["mid"] for offer in ben.listener.offers}) == 3
        assert len({offer.rtp_parameters["encodings"][0]["ssrc"] for offer in ben.listener.offers}) == 3
        assert len(cid.listener.offers) == 1
        assert len(call.worker.consumers) == 4

    run(scenario, limits=RoomLimits(consumer_replicas=16))


@pytest.mark.parametrize(("allowed", "wish", "made"), [(None, 16, 1), (3, -4, 1), (3, 10**9, 4)])
def test_replicas_have_bounds(allowed: int | None, wish: int, made: int) -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        ben = await call.member("ben", consumer_replicas=wish)
        await ana.produce("audio", opus())
        await call.settle()
        assert len(ben.listener.offers) == made

    run(scenario, limits=None if allowed is None else RoomLimits(consumer_replicas=allowed))


def test_a_peer_without_capabilities_is_offered_nothing() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        ben = await call.connect("ben")
        await ben.make_transports()
        ben.join(receives=False)
        await ana.produce("audio", opus())
        await call.settle()
        assert call.worker.called("consumers.create") == []

    run(scenario)


def test_a_peer_without_a_receiving_transport_is_offered_nothing() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.member("ana"), await call.connect("ben")
        ben.join()
        await ana.produce("audio", opus())
        await call.settle()
        assert call.worker.called("consumers.create") == []

    run(scenario)


def test_a_codec_the_peer_lacks_is_not_offered() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.member("ana"), await call.connect("ben")
        await ben.make_transports()
        capabilities = ana.seat.room.capabilities.to_wire()
        audio = [codec for codec in capabilities["codecs"] if codec["mimeType"] == "audio/opus"]
        told(ben.seat.join("Ben", Device(), {**capabilities, "codecs": audio}))
        await ana.produce("video", vp8())
        await ana.produce("audio", opus())
        await call.settle()
        assert [offer.kind for offer in ben.listener.offers] == ["audio"]

    run(scenario)


@pytest.mark.parametrize(("known", "offered"), [("4d0032", 0), ("42e01f", 1)])
def test_a_profile_the_peer_lacks_is_not_offered(known: str, offered: int) -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.member("ana"), await call.connect("ben")
        await ben.make_transports()
        capabilities = ana.seat.room.capabilities.to_wire()
        capabilities["codecs"] = [
            codec for codec in capabilities["codecs"] if codec["parameters"].get("profile-level-id") == known
        ]
        told(ben.seat.join("Ben", Device(), capabilities))
        await ana.produce("video", h264("42e01f"))
        await call.settle()
        assert len(ben.listener.offers) == offered

    run(scenario)


def test_a_refused_consumer_is_closed() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        ben = await call.member("ben", listener=RecordingListener(Forbidden("I do not want to consume")))
        await ana.produce("audio", opus())
        await call.settle()
        assert len(ben.listener.offers) == 1
        assert not call.worker.consumers
        assert ben.listener.named("consumer closed", "consumer score") == []
        assert not ana.seat.room.consumers

    run(scenario)


def test_an_unanswered_consumer_is_closed_on_both_sides() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        ben = await call.member("ben", listener=RecordingListener(TimeoutError()))
        await ana.produce("audio", opus())
        await call.settle()
        assert not call.worker.consumers
        consumer_id = ben.listener.offers[0].consumer_id
        assert ben.listener.named("consumer closed") == [("consumer closed", consumer_id)]

    run(scenario)


def test_a_client_that_vanishes_between_offer_and_answer_leaves_nothing() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        ben = await call.member("ben", listener=holding())
        producer_id = await ana.produce("audio", opus())
        await call.settle()
        ben.disconnect()
        await call.settle()
        assert not call.worker.consumers
        assert len(call.worker.transports) == 2
        room = ana.seat.room
        assert not room.consumers
        assert not room.producers[producer_id].consumers

    run(scenario)


def test_a_track_that_ends_between_offer_and_answer_is_taken_back() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        ben = await call.member("ben", listener=holding())
        producer_id = await ana.produce("audio", opus())
        await call.settle()
        await ana.seat.close_producer(producer_id)
        ben.listener.answer_offers()
        await call.settle()
        consumer_id = ben.listener.offers[0].consumer_id
        assert ben.listener.heard == [("offered", consumer_id), ("consumer closed", consumer_id)]
        assert call.worker.called("consumers.resume") == []

    run(scenario)


@pytest.mark.parametrize("what", ["the track", "the sender", "the receiver"])
def test_what_ends_while_the_consumer_is_being_made_is_never_offered(what: str) -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.member("ana"), await call.member("ben")
        call.worker.hold("consumers.create")
        producer_id = await ana.produce("audio", opus())
        await call.settle()
        if what == "the track":
            await ana.seat.close_producer(producer_id)
        else:
            (ana if what == "the sender" else ben).disconnect()
        call.worker.release("consumers.create")
        await call.settle()
        assert ben.listener.offers == []
        assert ben.listener.named("consumer closed") == []
        assert not call.worker.consumers

    run(scenario)


def test_a_consumer_the_worker_refuses_is_forgotten() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.member("ana"), await call.member("ben")
        call.worker.failures["consumers.create"] = MediadError("no")
        await ana.produce("audio", opus())
        await call.settle()
        assert ben.listener.offers == []
        assert not ana.seat.room.consumers
        del call.worker.failures["consumers.create"]
        await ana.produce("video", vp8())
        await call.settle()
        assert len(ben.listener.offers) == 1

    run(scenario)


def test_a_slow_answer_of_one_peer_holds_up_nobody() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        slow = await call.member("slow", listener=holding())
        quick = await call.member("quick")
        await ana.produce("audio", opus())
        await ana.produce("video", vp8())
        await call.settle()
        assert len(slow.listener.offers) == 2, "the second does not wait for the first"
        assert len(quick.listener.named("consumer score")) == 2

    run(scenario)


# -- a crowd -----------------------------------------------------------------------------------------------


async def crowd(call: Call, count: int, **options: Any) -> list[Guest]:
    """So many, each sending sound and picture, who have all come at once."""
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
    monkeypatch.setattr(offers, "RETRY_S", 0)

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
    monkeypatch.setattr(offers, "RETRY_S", 0)

    async def scenario(call: Call) -> None:
        ana, ben = await call.member("ana"), await call.member("ben")
        call.worker.consumer_room = 0
        producer_id = await ana.produce("audio", opus())
        await settle(call)
        assert len(call.worker.called("consumers.create")) > 1
        if what == "the track":
            await ana.seat.close_producer(producer_id)
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
    monkeypatch.setattr(offers, "RETRY_S", 0)

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

        async def request_for(router_id: str, method: str, compose: Compose) -> dict[str, Any]:
            def checked() -> dict[str, Any] | None:
                data = compose()
                forms = data["forms"] if data is not None and method == "consumers.create" else []
                if any(form["producerId"] == spoilt for form in forms):
                    raise Forbidden("this request has crashed a worker before")
                return data

            return await real(router_id, method, checked)

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
        assert (book.batches, book.resuming, book.queue._under_way, book.queue._waiting) == (0, False, {}, {})
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
