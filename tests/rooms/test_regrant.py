"""Grants that change during a call: what ends, what begins, and who is told."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mediad.errors import Forbidden, InvalidState
from mediad.rooms.grants import ALL, Grants
from mediad.rooms.observer import RoomObserver
from mediad.rooms.options import RoomOptions
from mediad.rooms.regrant import regrant
from tests.support.calls import Call, Guest, run, run_spread, told
from tests.support.listeners import holding
from tests.support.rtp_samples import opus, vp8, vp8_simulcast


class Witness(RoomObserver):
    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def grants_changed(self, *facts: Any) -> None:
        self.told.append(facts)


async def pair(call: Call) -> tuple[Guest, Guest]:
    """Make Ana and Ben, who take data; each sends sound, a camera and a chat."""
    ana, ben = await call.talker("ana"), await call.talker("ben")
    for guest in (ana, ben):
        await guest.produce("audio", opus())
        await guest.produce("video", vp8_simulcast())
        await guest.produce_data()
    await call.settle()
    for guest in (ana, ben):
        guest.listener.heard.clear()
        guest.listener.offers.clear()
        guest.listener.data_offers.clear()
    return ana, ben


def change(guest: Guest, **changes: Any) -> None:
    regrant(guest.seat.room, guest.seat.peer, changes)


def sent(guest: Guest) -> list[str]:
    return [producer.kind for producer in guest.seat.peer.producers()]


def test_withdrawing_publish_ends_what_the_peer_sends() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await pair(call)
        ids = [producer.id for producer in ana.seat.peer.producers()]
        change(ana, publish=False)
        await call.settle()
        reason = "this peer may not send tracks (grant publish)"
        assert ana.listener.heard == [
            *(("producer closed", id_, reason) for id_ in ids),
            ("grants", {"publish": False}),
        ]
        assert [entry[0] for entry in ben.listener.heard] == ["consumer closed"] * 2
        assert [data["producerId"] for data in call.worker.called("producer.close")] == ids
        assert sent(ana) == []
        assert ana.seat.peer.data_producer_count() == 1, "data is another grant"
        assert ana.seat.peer.consumer_count() == 2
        with pytest.raises(Forbidden, match="grant publish"):
            await ana.produce("audio", opus())
        change(ana, publish=True)
        await ana.produce("audio", opus())
        await call.settle()
        assert len(ben.listener.offers) == 1

    run(scenario)


def test_withdrawing_a_source_ends_those_tracks_alone() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await pair(call)
        change(ana, sources=frozenset({"microphone", "share"}))
        await call.settle()
        assert sent(ana) == ["audio"]
        assert len(ben.listener.named("consumer closed")) == 1
        await ana.produce("video", vp8("7", ssrc=7), share=True)
        change(ana, codecs=frozenset({"audio/opus"}))
        assert sent(ana) == ["audio"]

    run(scenario)


def test_fewer_producers_end_the_newest() -> None:
    async def scenario(call: Call) -> None:
        ana, _ = await pair(call)
        change(ana, max_producers=1)
        assert sent(ana) == ["audio"]

    run(scenario)


def test_withdrawing_data_ends_the_channels_that_the_peer_sends_on() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await pair(call)
        change(ana, publish_data=False)
        await call.settle()
        assert [entry[0] for entry in ana.listener.heard] == ["data producer closed", "grants"]
        assert [entry[0] for entry in ben.listener.heard] == ["data consumer closed"]
        assert sent(ana) == ["audio", "video"]
        assert ana.seat.peer.data_consumer_count() == 2, "Ben's, and the bot's"

    run(scenario)


def test_withdrawing_subscribe_ends_all_that_is_received_and_giving_it_back_offers_what_is_there() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await pair(call)
        change(ana, subscribe=False)
        await call.settle()
        heard = [entry[0] for entry in ana.listener.heard]
        assert heard == ["consumer closed"] * 2 + ["data consumer closed"] * 2 + ["grants"]
        assert len(call.worker.called("consumer.close")) == 2
        await ben.produce("video", vp8("9", ssrc=9), share=True)
        await call.settle()
        assert ana.listener.offers == []
        ana.listener.heard.clear()
        change(ana, subscribe=True)
        assert ana.listener.heard == [("grants", {})], "told before it is offered anything"
        await call.settle()
        assert [offer.kind for offer in ana.listener.offers] == ["audio", "video", "video"]
        assert [offer.peer_id for offer in ana.listener.data_offers] == ["ben", None]

    run(scenario)


def test_offers_that_wait_are_forgotten_with_subscribe() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana", listener=holding())
        ben = await call.member("ben")
        for number in range(64):
            await ben.produce("audio", opus(f"m{number}", ssrc=1000 + number))
        cas = await call.member("cas")
        for number in range(16):
            await cas.produce("audio", opus(f"m{number}", ssrc=1000 + number))
        await call.settle()
        assert len(ana.listener.offers) == 64
        change(ana, subscribe=False)
        ana.listener.answer_offers()
        await call.settle()
        assert ana.seat.peer.consumer_count() == 0
        change(ana, subscribe=True)
        await call.settle()
        assert ana.seat.peer.consumer_count() == 80, "each track once"

    run(scenario)


def test_a_limit_of_consumers_that_moves() -> None:
    async def scenario(call: Call) -> None:
        ana, _ = await pair(call)
        change(ana, max_consumers=1)
        await call.settle()
        assert ana.seat.peer.consumer_count() == 1
        assert ana.listener.named("refused") == [], "it was told of the end"
        change(ana, max_consumers=None)
        await call.settle()
        assert ana.seat.peer.consumer_count() == 2
        assert [offer.kind for offer in ana.listener.offers] == ["video"]

    run(scenario)


def test_a_track_that_is_being_made_is_refused_after_all() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        creating = ana.seat.producing.produce(ana.sending, "audio", opus(), {})
        change(ana, publish=False)
        with pytest.raises(Forbidden, match="grant publish"):
            await creating
        change(ana, publish=True)
        call.worker.hold("producer.create")
        task = asyncio.create_task(ana.produce("audio", opus()))
        await call.settle()
        change(ana, publish=False)
        call.worker.release("producer.create")
        with pytest.raises(Forbidden, match="grant publish"):
            await task
        await call.settle()
        assert call.worker.producers == {}
        assert ana.listener.named("producer closed") == [], "the client never knew it"

    run(scenario)


def test_what_was_withdrawn_stays_so_for_who_connects_again() -> None:
    async def scenario(call: Call) -> None:
        ana, _ = await pair(call)
        change(ana, publish=False, admin=False)
        again = await call.talker("ana", grants=Grants(publish_data=False))
        assert again.seat.peer.grants == Grants(publish=False, publish_data=False)
        with pytest.raises(Forbidden):
            await again.produce("audio", opus())
        change(again, publish=True)
        once_more = await call.talker("ana")
        assert once_more.seat.peer.grants == ALL.changed(admin=False)

    run(scenario)


def test_who_may_not_have_the_room_recorded_has_it_not_by_coming_again() -> None:
    async def scenario(call: Call) -> None:
        ana, _ = await pair(call)
        heard: list[RoomOptions] = []
        call.registry.on_options = lambda room_id, options: heard.append(options)
        wish = RoomOptions(record=True, record_format="mkv", show=True)
        for record in (True, False):
            change(ana, record=record)
            seat = await call.registry.connect("room", "ana", ana.listener, options=wish)
            ana = Guest(seat, ana.listener)
        assert heard == [wish, RoomOptions(show=True)]

    run(scenario)


def test_operators_are_told_once() -> None:
    witness = Witness()

    async def scenario(call: Call) -> None:
        ana, _ = await pair(call)
        change(ana, publish=False, record=True)
        change(ana, publish=False)
        assert witness.told == [("room", "ana", 0, {"publish": False}, {"publish": False})]
        ana.disconnect()
        with pytest.raises(InvalidState):
            change(ana, publish=True)

    run(scenario, observer=witness)


def test_the_branches_of_a_spread_room_hear_of_it() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await pair(call)
        assert ana.seat.peer.branch is not ben.seat.peer.branch
        change(ana, publish=False, publish_data=False)
        await call.settle()
        assert ben.seat.peer.consumer_count() == 0
        change(ben, subscribe=False)
        await call.settle()
        assert ben.seat.peer.data_consumer_count() == 0
        change(ben, subscribe=True)
        change(ana, publish=True)
        await ana.produce("audio", opus())
        await call.settle()
        assert ben.seat.peer.consumer_count() == 1
        told(await ana.seat.producing.pause(ana.seat.peer.producers()[0].id))

    run_spread(scenario)
