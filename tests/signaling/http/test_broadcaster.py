from __future__ import annotations

from mediad.rooms.listener import CloseCause, Device, PeerListener
from mediad.signaling.http.broadcaster import Broadcaster, Spelling
from tests.support.calls import Call, run
from tests.support.rtp_samples import opus


def test_a_broadcaster_is_offered_nothing_and_survives_its_end() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        listener: PeerListener = Broadcaster(Spelling.A, "Camera", Device())
        seat = await call.registry.enter("room", "cam", listener)
        seat.join("Camera", Device(), None)
        await ana.produce("audio", opus())
        await call.settle()
        assert call.worker.called("consumers.create") == []
        seat.room.remove(seat.peer, CloseCause.REMOVED, "an operator did it")
        assert ana.seat.room.peers.keys() == {"ana"}

    run(scenario)
