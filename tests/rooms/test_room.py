"""Membership and closures. What a peer may ask for is tested in test_seat.py."""

from __future__ import annotations

import asyncio

import pytest

from mediad.rooms.listener import CloseCause, Device
from tests.support.calls import Call, run, told
from tests.support.listeners import RecordingListener
from tests.support.rtp_samples import opus, vp8

MEMBERSHIP = ("joined", "left")


def test_a_joiner_is_introduced_to_the_others_and_not_to_itself() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        ben = await call.connect("ben")
        assert ben.join() == ["ana"]
        assert ana.listener.heard == [("joined", "ben", "Ben")]
        assert ben.listener.heard == []

    run(scenario)


def test_somebody_who_has_not_joined_is_nobody() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.connect("ana")
        ben = await call.member("ben")
        ben.disconnect()
        ana.disconnect()
        assert ana.listener.heard == []
        assert ben.listener.heard == []

    run(scenario)


def test_leaving_is_heard_before_the_loss_of_tracks() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.member("ana"), await call.member("ben")
        await ana.produce("audio", opus())
        await call.settle()
        ben.listener.heard.clear()
        ana.disconnect()
        assert ben.listener.heard == [
            ("left", "ana"),
            ("consumer closed", ben.listener.offers[0].consumer_id),
        ]

    run(scenario)


def test_a_removed_peer_is_told_and_has_left() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.member("ana"), await call.member("ben")
        ana.listener.heard.clear()
        ben.seat.room.remove(ben.seat.peer, CloseCause.REMOVED, "enough")
        assert ben.listener.heard == [("closed", CloseCause.REMOVED)]
        assert ana.listener.heard == [("left", "ben")]
        ana.seat.room.remove(ana.seat.peer, CloseCause.REMOVED, "enough")
        await call.settle()
        assert call.worker.is_empty()

    run(scenario)


def test_the_last_one_closes_the_room_on_the_worker() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.member("ana"), await call.member("ben")
        await ana.produce("audio", opus())
        await call.settle()
        ana.disconnect()
        await call.settle()
        assert call.registry.room_count == 1
        assert len(call.worker.transports) == 2
        assert not call.worker.producers
        assert not call.worker.consumers
        ben.disconnect()
        await call.settle()
        assert call.registry.room_count == 0
        assert call.worker.is_empty()
        assert call.placement.placed == {}

    run(scenario)


def test_a_second_connection_takes_over_and_the_room_survives_with_one_peer() -> None:
    async def scenario(call: Call) -> None:
        old = await call.member("ana")
        place = old.seat.room
        new = await call.member("ana")
        await call.settle()
        assert new.seat.room is place
        assert not place.closed
        assert old.listener.heard == [("closed", CloseCause.REPLACED)]
        assert set(call.worker.transports) == {new.sending, new.receiving}
        old.disconnect()
        assert not new.seat.peer.closed
        new.disconnect()
        await call.settle()
        assert call.worker.is_empty()

    run(scenario)


def test_the_others_see_one_change_when_a_member_is_replaced() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.member("ana"), await call.member("ben")
        await ana.produce("audio", opus())
        await call.settle()
        ben.listener.heard.clear()
        again = await call.member("ana")
        consumer_id = ben.listener.offers[0].consumer_id
        assert ben.listener.heard == [("consumer closed", consumer_id), ("joined", "ana", "Ana")]
        await again.produce("audio", opus())
        await call.settle()
        assert len(ben.listener.offers) == 2
        assert ben.listener.named(*MEMBERSHIP) == [("joined", "ana", "Ana")]

    run(scenario)


def test_a_replacement_that_goes_away_without_joining_counts_as_leaving() -> None:
    async def scenario(call: Call) -> None:
        ben = await call.member("ben")
        await call.member("ana")
        for _ in range(2):
            again = await call.connect("ana")
        cid = await call.connect("cid")
        assert cid.join() == ["ben"]
        ben.listener.heard.clear()
        again.disconnect()
        assert ben.listener.heard == [("left", "ana")]
        assert cid.listener.heard == [], "never knew ana"

    run(scenario)


def test_a_newcomer_between_hears_of_a_replaced_member_once() -> None:
    async def scenario(call: Call) -> None:
        await call.member("ben")
        await call.member("ana")
        again = await call.connect("ana")
        cid = await call.member("cid")
        again.join()
        again.disconnect()
        assert cid.listener.heard == [("joined", "ana", "Ana"), ("left", "ana")]

    run(scenario)


def test_a_replaced_peer_can_change_nothing_any_more() -> None:
    async def scenario(call: Call) -> None:
        ben = await call.member("ben")
        old = await call.member("ana")
        await call.member("ana")
        ben.listener.heard.clear()
        with pytest.raises(Exception, match="peer closed"):
            old.seat.rename("ghost")
        with pytest.raises(Exception, match="not found"):
            await old.produce("audio", opus())
        assert ben.listener.heard == []

    run(scenario)


def test_closing_tells_every_peer_why_and_leaves_nothing() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.member("ana"), await call.connect("ben")
        await ana.produce("video", vp8())
        ana.seat.room.close(CloseCause.DRAINED, "maintenance")
        await call.settle()
        assert ana.listener.heard == [("closed", CloseCause.DRAINED)]
        assert ben.listener.heard == [("closed", CloseCause.DRAINED)]
        assert call.worker.is_empty()
        ana.disconnect()
        ana.seat.room.close(CloseCause.DRAINED, "again")
        await call.settle()
        assert len(call.worker.called("router.close")) == 1

    run(scenario)


def test_a_refused_offer_does_not_keep_the_room_busy() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        listener = RecordingListener()
        listener.hold_offers()
        ben = await call.member("ben", listener=listener)
        await ana.produce("audio", opus())
        await call.settle()
        ben.disconnect()
        ana.disconnect()
        await call.settle()
        await asyncio.wait_for(call.registry.close(), 5)
        assert call.worker.is_empty()

    run(scenario)


def test_a_room_ends_with_its_last_connection_and_takes_broadcasters_along() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        seat = await call.registry.enter("room", "cam", RecordingListener())
        await seat.transports.create(consuming=False, force_tcp=False)
        waiting = await call.registry.enter("room", "cam2", RecordingListener())
        told(seat.join("Camera", Device("broadcaster"), None))
        ana.disconnect()
        assert (seat.room.closed, seat.peer.closed, waiting.peer.closed) == (True, True, True)
        seat.leave()
        await call.settle()
        assert call.registry.room_count == 0
        assert call.worker.is_empty()

    run(scenario)
