"""Joining and renaming of a peer, and the notifications that others get of it."""

from __future__ import annotations

import pytest

from mediad.errors import InvalidInput, InvalidState
from mediad.rooms.listener import Device
from tests.support.calls import Call, Guest, run, told
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
