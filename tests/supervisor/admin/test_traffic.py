"""Sums of what flows, and what is left of them when a worker says nothing."""

from __future__ import annotations

import asyncio

import pytest

from mediad.errors import Unavailable
from mediad.rooms.inspection import find_peer
from mediad.supervisor.admin import traffic
from tests.support.calls import Call
from tests.support.loops import on_loop


@on_loop
async def test_a_peer_is_the_sum_of_its_transports() -> None:
    call = Call()
    ana, ben = await call.member("ana"), await call.member("ben")
    call.worker.flows = {
        ana.sending: {"recvBitrate": 900, "sendBitrate": 10, "rtpPacketLossReceived": 0.02},
        ana.receiving: {"recvBitrate": 5, "sendBitrate": 800, "availableOutgoingBitrate": 2_000},
        ben.sending: {},
    }
    room = call.registry.room("room")
    flows = await traffic.of_room(room)
    assert traffic.of_peer(find_peer(room, "ana"), flows) == {
        "recvBitrate": 905,
        "sendBitrate": 810,
        "lossReceived": 0.02,
        "lossSent": None,
        "availableBitrate": 2_000,
    }
    assert traffic.of_peer(find_peer(room, "ben"), flows)["recvBitrate"] == 0


@on_loop
async def test_rooms_of_a_worker_that_fails_have_no_numbers() -> None:
    call = Call(workers=2)
    here, there = await call.member("ana", room_id="a"), await call.member("ana", room_id="b")
    call.placement.workers[1].failures["router.stats"] = Unavailable("overloaded")
    flows = await traffic.of_rooms(call.registry.rooms())
    assert set(flows["a"] or ()) == {here.sending, here.receiving}
    assert flows["b"] is None
    unknown = traffic.of_peer(there.seat.peer, flows["b"])
    assert set(unknown.values()) == {None}


@on_loop
async def test_a_worker_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic, "TIMEOUT_S", 0.01)
    call = Call()
    await call.member("ana")
    call.worker.hold("router.stats")
    assert await traffic.of_rooms(call.registry.rooms()) == {"room": None}


@on_loop
async def test_so_many_at_once_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic, "ROOMS_AT_ONCE", 2)
    call = Call()
    for number in range(5):
        await call.connect("ana", room_id=f"room{number}")
    call.worker.hold("router.stats")
    looking = asyncio.create_task(traffic.of_rooms(call.registry.rooms()))
    await call.settle()
    assert len(call.worker.called("router.stats")) == 2
    call.worker.release("router.stats")
    assert len(await looking) == 5
