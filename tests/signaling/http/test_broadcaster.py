from __future__ import annotations

import pytest

from mediad.errors import InvalidState
from mediad.rooms.listener import CloseCause, Device, PeerListener
from mediad.signaling.http.broadcaster import Broadcaster, Spelling
from tests.support.calls import Call, run
from tests.support.rtp_samples import opus


def broadcaster() -> Broadcaster:
    return Broadcaster(Spelling.A, "Camera", Device())


def test_a_broadcaster_accepts_no_offer() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.talker("ana"), await call.talker("ben")
        await ana.produce("audio", opus())
        await ana.produce_data("chat")
        await call.settle()
        with pytest.raises(InvalidState):
            await broadcaster().consumer_offered(ben.listener.offers[0])
        with pytest.raises(InvalidState):
            await broadcaster().data_consumer_offered(ben.listener.data_offers[0])

    run(scenario)


def test_a_broadcaster_hears_nothing_and_survives_its_end() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        listener: PeerListener = broadcaster()
        seat = await call.registry.enter("room", "cam", listener)
        seat.room.remove(seat.peer, CloseCause.REMOVED, "an operator did it")
        assert ana.seat.room.peers.keys() == {"ana"}

    run(scenario)
