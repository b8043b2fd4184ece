"""Offers of tracks to the others: created paused, asked, resumed; and every way this can fail."""

from __future__ import annotations

import msgspec
import pytest

from mediad.errors import Forbidden, MediadError
from mediad.pipe.rtp import RtpParameters
from mediad.rooms.limits import RoomLimits
from mediad.rooms.listener import Device
from tests.support.bookkeeping_worker import DEFAULT_SCORE
from tests.support.calls import Call, run, told
from tests.support.listeners import RecordingListener, holding
from tests.support.rtp_samples import h264, opus, vp8, vp8_simulcast


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
        given = RtpParameters.from_wire(offer.rtp_parameters)
        assert made["rtpParameters"]["codecs"] == msgspec.to_builtins(given.codecs)
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


def test_a_peer_is_offered_everything_once_it_has_a_receiving_transport() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.member("ana"), await call.connect("ben")
        first = await ana.produce("audio", opus())
        ben.join()
        second = await ana.produce("video", vp8())
        await call.settle()
        assert call.worker.called("consumers.create") == []
        await ben.make_transports()
        third = await ana.produce("audio", opus(ssrc=77, mid="7"))
        told(await ben.seat.transports.create(consuming=True, force_tcp=False))
        await call.settle()
        assert sorted(offer.producer_id for offer in ben.listener.offers) == sorted([first, second, third])

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
        assert not ana.seat.room.books.consumers

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
        assert not room.books.consumers
        assert not room.books.producers[producer_id].consumers

    run(scenario)


def test_a_track_that_ends_between_offer_and_answer_is_taken_back() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        ben = await call.member("ben", listener=holding())
        producer_id = await ana.produce("audio", opus())
        await call.settle()
        await ana.seat.producing.close(producer_id)
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
            await ana.seat.producing.close(producer_id)
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
        assert not ana.seat.room.books.consumers
        del call.worker.failures["consumers.create"]
        await ana.produce("video", vp8())
        await call.settle()
        assert len(ben.listener.offers) == 1

    run(scenario)


def test_an_answer_that_leaves_out_a_consumer_leaves_nothing_behind() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.member("ana"), await call.member("ben")
        call.worker.forgetful = True
        await ana.produce("audio", opus())
        await call.settle()
        assert ben.listener.offers == []
        assert (dict(call.worker.consumers), dict(ana.seat.room.books.consumers)) == ({}, {})
        assert not ana.seat.room.offers.queue._under_way
        call.worker.forgetful = False
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
