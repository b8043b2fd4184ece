"""Rooms hold every peer to its grants: what is refused, what is offered, and what is not."""

from __future__ import annotations

from typing import Any

import pytest

from mediad.errors import Forbidden, InvalidState
from mediad.rooms.consuming import MOST_OF_ONE_TRACK
from mediad.rooms.grants import ALL, Grants
from tests.support.calls import Call, Guest, run, run_spread, told
from tests.support.rtp_samples import h264, opus, vp8, vp8_simulcast

AUDIO_ONLY = frozenset({"mic"})


async def talker(call: Call, peer_id: str, grants: Grants = ALL) -> Guest:
    return await call.talker(peer_id, grants=grants)


async def audio(guest: Guest) -> Any:
    return await guest.produce("audio", opus())


async def video(guest: Guest) -> Any:
    return await guest.produce("video", vp8_simulcast())


async def screen(guest: Guest) -> Any:
    return await guest.produce("video", vp8("2", ssrc=99), share=True)


async def slides(guest: Guest) -> Any:
    return await guest.produce("video", vp8("2", ssrc=99), source="slides")


async def data(guest: Guest) -> Any:
    return await guest.produce_data()


async def word_to_the_bot(guest: Guest) -> Any:
    return await guest.produce_data("bot")


async def track_asked_for(guest: Guest) -> Any:
    return told(await guest.seat.consuming.consume(guest.seat.room.capabilities.to_wire()))


async def track_by_id(guest: Guest) -> Any:
    room = guest.seat.room
    producer = next(p for p in room.books.producers.values() if p.peer.id == "ben")
    consume = guest.seat.consuming.consume_track
    return told(await consume(guest.receiving, producer.id, room.capabilities.to_wire()))


async def channel_by_id(guest: Guest) -> Any:
    producer = next(p for p in guest.seat.room.books.data_producers.values() if p.label == "chat")
    return told(await guest.seat.data.consume(guest.receiving, producer.id))


VERBS = (
    audio, video, screen, slides, data, word_to_the_bot, track_asked_for, track_by_id, channel_by_id
)  # fmt: skip

GRANTS = [
    (ALL, set()),
    (Grants(), set()),
    (Grants(publish=False), {audio, video, screen, slides}),
    (Grants(publish_data=False), {data, word_to_the_bot}),
    (Grants(subscribe=False), {track_asked_for, track_by_id, channel_by_id}),
    (Grants(sources=AUDIO_ONLY), {video, screen, slides}),
    (Grants(sources=frozenset({"webcam", "slides"})), {audio, screen}),
    (Grants(sources=frozenset({"screensharing"})), {audio, video, slides}),
    (Grants(sources=frozenset()), {audio, video, screen, slides}),
    (Grants(codecs=frozenset({"audio/opus"})), {video, screen, slides}),
    (Grants(codecs=frozenset({"video/vp8"})), {audio}),
    (Grants(max_producers=0), {audio, video, screen, slides}),
    (Grants(max_consumers=0), {track_asked_for, track_by_id}),
]


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(("grants", "refused"), GRANTS)
def test_each_grant_and_each_verb(verb: Any, grants: Grants, refused: set[Any]) -> None:
    async def scenario(call: Call) -> None:
        ben = await talker(call, "ben")
        await ben.produce("audio", opus())
        await ben.produce_data()
        ana = await call.connect("ana", grants=grants)
        await ana.make_transports(enable_sctp=True)
        ana.join(receives=False)
        await call.settle()
        before = len(ana.seat.room.books), len(call.worker.producers)
        if verb in refused:
            with pytest.raises(Forbidden, match=r"\(grant \w+\)"):
                await verb(ana)
            assert (len(ana.seat.room.books), len(call.worker.producers)) == before, "nothing is left of it"
            return
        await verb(ana)
        await call.settle()

    run(scenario)


def test_a_peer_that_may_not_receive_is_offered_nothing() -> None:
    async def scenario(call: Call) -> None:
        ben = await talker(call, "ben")
        await audio(ben)
        await ben.produce_data()
        ana = await talker(call, "ana", Grants(subscribe=False))
        await call.settle()
        await video(ben)
        await ben.produce_data(stream_id=1)
        await call.settle()
        assert ana.listener.named("offered", "data offered", "refused") == []
        await audio(ana)
        await call.settle()
        assert [offer.peer_id for offer in ben.listener.offers] == ["ana"]

    run(scenario)


def test_offers_go_up_to_the_limit_and_the_rest_is_told() -> None:
    async def scenario(call: Call) -> None:
        ben = await call.member("ben")
        ids = [await ben.produce("audio", opus(f"m{i}", ssrc=1000 + i)) for i in range(4)]
        ana = await call.member("ana", grants=Grants(max_consumers=2))
        await call.settle()
        assert [offer.producer_id for offer in ana.listener.offers] == ids[:2]
        reason = "2 of 2 tracks are received, close some (grant maxConsumers)"
        assert ana.listener.named("refused") == [("refused", "ben", id_, reason) for id_ in ids[2:]]
        told(await ben.seat.producing.close(ids[2]))
        told(await ben.seat.producing.close(ids[0]))
        await call.settle()
        assert [offer.producer_id for offer in ana.listener.offers] == [*ids[:2], ids[3]], "a place is free"

    run(scenario)


def test_a_limit_of_producers_counts_those_that_are_there() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana", grants=Grants(max_producers=1))
        first = await audio(ana)
        with pytest.raises(Forbidden, match="1 of 1 tracks are sent"):
            await video(ana)
        told(await ana.seat.producing.close(first))
        await video(ana)

    run(scenario)


def test_repair_goes_with_the_codec_that_it_repairs() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana", grants=Grants(codecs=frozenset({"video/vp8", "audio/opus"})))
        await video(ana)
        with pytest.raises(Forbidden, match="video/H264 may not be sent by this peer"):
            await ana.produce("video", h264("42e01f", mid="5"))

    run(scenario)


def test_grants_hold_on_every_branch_of_a_spread_room() -> None:
    async def scenario(call: Call) -> None:
        ben = await call.talker("ben")
        ana = await call.talker("ana", grants=Grants(publish=False, subscribe=False, publish_data=False))
        assert ana.seat.peer.branch is not ben.seat.peer.branch
        await audio(ben)
        await ben.produce_data()
        await call.settle()
        assert ana.listener.named("offered", "data offered") == []
        there = call.placement.workers[ana.seat.peer.branch.worker_id]
        assert there.producers == {}, "nothing is piped for a peer that receives nothing"
        for verb in (audio, data, track_by_id, channel_by_id):
            with pytest.raises(Forbidden):
                await verb(ana)

    run_spread(scenario)


def test_a_track_is_not_received_many_times_by_asking() -> None:
    async def scenario(call: Call) -> None:
        ben = await call.member("ben")
        await audio(ben)
        ana = await call.connect("ana")
        await ana.make_transports()
        ana.join(receives=False)
        for _ in range(MOST_OF_ONE_TRACK):
            await track_by_id(ana)
        for _ in range(100):
            with pytest.raises(InvalidState, match="too many consumers: the transport has 4 of producer"):
                await track_by_id(ana)
        assert len(call.worker.consumers) == MOST_OF_ONE_TRACK

    run(scenario)
