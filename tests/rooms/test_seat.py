"""Joining and renaming of a peer, and the notifications that others get of it."""

from __future__ import annotations

import pytest

from mediad.errors import InvalidInput, InvalidState
from mediad.rooms.listener import Device
from tests.support.calls import Call, Guest, run, told
from tests.support.listeners import RecordingListener
from tests.support.rtp_samples import opus, vp8


async def pair(call: Call) -> tuple[Guest, Guest, str, str]:
    """Ana sends video to Ben; returns both, the producer's id and the consumer's."""
    ana, ben = await call.member("ana"), await call.member("ben")
    producer_id = await ana.produce("video", vp8())
    await call.settle()
    return ana, ben, producer_id, ben.listener.offers[0].consumer_id


def test_joining_twice_is_refused() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        with pytest.raises(InvalidState, match="Peer already joined"):
            ana.join()

    run(scenario)


def test_malformed_capabilities_leave_the_peer_outside() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.connect("ana")
        with pytest.raises(InvalidInput):
            ana.seat.join("Ana", Device(), {"codecs": "all"})
        assert not ana.seat.peer.joined
        ana.join()

    run(scenario)


def test_a_name_change_reaches_the_others() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.member("ana"), await call.member("ben")
        ana.listener.heard.clear()
        ana.seat.rename("Anastasia")
        assert ben.listener.named("renamed") == [("renamed", "ana", "Anastasia", "Ana")]
        assert ana.listener.heard == []
        cid = await call.connect("cid")
        others = told(cid.seat.join("Cid", Device(), None))
        assert [other.display_name for other in others] == ["Anastasia", "Ben"]

    run(scenario)


def test_who_has_not_joined_is_not_heard_of() -> None:
    async def scenario(call: Call) -> None:
        ben, ana = await call.member("ben"), await call.connect("ana")
        await ana.make_transports()
        with pytest.raises(InvalidState, match="Peer not yet joined"):
            ana.seat.rename("Anastasia")
        with pytest.raises(InvalidState, match="Peer not yet joined"):
            await ana.produce("audio", opus())
        await call.settle()
        assert ben.listener.heard == []

    run(scenario)


def test_nobody_is_told_of_a_newcomer_before_it_is_answered() -> None:
    async def scenario(call: Call) -> None:
        ben, ana = await call.member("ben"), await call.connect("ana")
        reply = ana.seat.join("Ana", Device(), None)
        assert ben.listener.heard == []
        reply.deliver(lambda others: ben.listener.heard.append(("answered",)))
        assert ben.listener.heard == [("answered",), ("joined", "ana", "Ana")]

    run(scenario)


def test_capabilities_may_come_after_the_join() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.member("ana"), await call.connect("ben")
        producer_id = await ana.produce("video", vp8())
        capabilities = call.registry.room("room").capabilities.to_wire()
        with pytest.raises(InvalidState, match="not yet joined"):
            ben.seat.set_capabilities(capabilities)
        told(ben.seat.join("Ben", Device(), None, resumes_itself=True))
        await ben.make_transports()
        await call.settle()
        assert ben.listener.offers == []
        with pytest.raises(InvalidInput):
            ben.seat.set_capabilities({"codecs": "all"})
        told(ben.seat.set_capabilities(capabilities))
        told(ben.seat.set_capabilities(capabilities))
        await call.settle()
        (offer,) = ben.listener.offers
        assert offer.producer_id == producer_id
        assert call.worker.consumers[offer.consumer_id]["paused"] is True, "until the client resumes it"
        await ben.seat.consuming.resume(offer.consumer_id)
        assert call.worker.consumers[offer.consumer_id]["paused"] is False
        with pytest.raises(InvalidState, match="given before"):
            ben.seat.set_capabilities({"codecs": []})

    run(scenario)


def test_an_account_is_shown_to_the_others_and_kept_by_a_new_name() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.connect("ana"), await call.connect("ben")
        told(ana.seat.join("Ana", Device(), None, account={"email": "ana@example.org"}))
        told(ana.seat.rename("Anastasia"))
        (other,) = told(ben.seat.join("Ben", Device(), None))
        assert (other.display_name, other.account) == ("Anastasia", {"email": "ana@example.org"})

    run(scenario)


def test_a_listener_can_be_replaced_until_its_client_joins() -> None:
    async def scenario(call: Call) -> None:
        guest, other = await call.connect("ana"), RecordingListener()
        guest.seat.tell_through(other)
        guest.join()
        await call.member("ben")
        assert other.named("joined") == [("joined", "ben", "Ben")]
        assert guest.listener.heard == []
        with pytest.raises(InvalidState):
            guest.seat.tell_through(guest.listener)

    run(scenario)
