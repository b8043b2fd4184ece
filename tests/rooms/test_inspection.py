"""Reports about a room for operators."""

from __future__ import annotations

import asyncio

import pytest

from mediad.errors import NotFound
from mediad.pipe.throttle_requests import NetworkThrottle
from mediad.rooms.inspection import (
    describe_channels,
    describe_peer,
    describe_room,
    describe_tracks,
    find_peer,
)
from mediad.rooms.spread_inspection import describe_spread
from tests.support.calls import Call
from tests.support.rtp_samples import opus, vp8


async def a_call() -> Call:
    """Ana sends sound and pictures, Ben receives them, Cid is connected and has not joined."""
    call = Call()
    ana = await call.member("ana")
    await call.member("ben")
    await call.connect("cid")
    await ana.produce("audio", opus())
    await ana.produce("video", vp8())
    await call.settle()
    return call


def test_a_room() -> None:
    async def scenario() -> None:
        room = (await a_call()).registry.room("room")
        description = describe_room(room, room.since_s + 7)
        peers = description.pop("peers")
        assert description == {
            "roomId": "room",
            "workerId": 0,
            "routerId": room.home.router_id,
            "ageS": 7.0,
            **describe_spread(room),
            "producers": 2,
            "consumers": 2,
            "dataProducers": 0,
            "dataConsumers": 0,
        }
        assert [(p["peerId"], p["joined"], p["producers"], p["consumers"]) for p in peers] == [
            ("ana", True, 2, 0),
            ("ben", True, 0, 2),
            ("cid", False, 0, 0),
        ]

    asyncio.run(scenario())


def test_a_peer() -> None:
    async def scenario() -> None:
        room = (await a_call()).registry.room("room")
        ana = find_peer(room, "ana")
        assert describe_peer(ana, ana.since_s + 3) == {
            "peerId": "ana",
            "displayName": "Ana",
            "device": "Chrome 141",
            "kind": "client",
            "joined": True,
            "ageS": 3.0,
            "transports": list(ana.transports),
            "throttle": None,
            "grants": {},
            "producers": 2,
            "consumers": 0,
            "dataProducers": 0,
            "dataConsumers": 0,
        }
        assert describe_peer(find_peer(room, "cid"), 0)["device"] == ""
        ana.throttle = NetworkThrottle(uplink_kbps=500, rtt_ms=100, packet_loss_percent=2.5)
        told = "500 kbit/s up, no limit down, 100 ms more, 2.5 % lost"
        assert describe_peer(ana, 0)["throttle"] == told
        with pytest.raises(NotFound, match='peer with id "zoe" not found in room "room"'):
            find_peer(room, "zoe")

    asyncio.run(scenario())


def test_tracks() -> None:
    async def scenario() -> None:
        call = await a_call()
        room = call.registry.room("room")
        ana, ben = find_peer(room, "ana"), find_peer(room, "ben")
        sound = next(iter(room.books.producers))
        call.worker.emit(
            "producer.score",
            producerId=sound,
            score=[{"encodingIdx": n, "score": score, "ssrc": n + 1} for n, score in enumerate((4, 9))],
        )
        sends = describe_tracks(ana)["sends"]
        assert [(t["kind"], t["type"], t["score"], t["consumers"]) for t in sends] == [
            ("audio", "simple", 9, 1),
            ("video", "simple", None, 1),
        ]
        assert describe_tracks(ana)["receives"] == []
        gets = describe_tracks(ben)["receives"]
        assert [(t["kind"], t["fromPeerId"], t["accepted"], t["paused"]) for t in gets] == [
            ("audio", "ana", True, False),
            ("video", "ana", True, False),
        ]
        room.books.producers[sound].paused = True
        assert describe_tracks(ben)["receives"][0]["paused"]
        assert describe_tracks(ben)["receives"][0]["pausedBy"] == ["sender"]

    asyncio.run(scenario())


def test_channels() -> None:
    async def scenario() -> None:
        call = Call()
        ana, ben = await call.talker("ana"), await call.talker("ben")
        sent = await ana.produce_data("chat", 3, maxRetransmits=1)
        await call.settle()
        stream = {"streamId": 3, "ordered": False, "maxRetransmits": 1}
        assert describe_channels(ana.seat.peer)["sendsData"] == [
            {"dataProducerId": sent, "label": "chat", "sctpStreamParameters": stream, "dataConsumers": 1}
        ]
        gets = describe_channels(ben.seat.peer)["receivesData"]
        assert [(one["label"], one["fromPeerId"], one["accepted"]) for one in gets] == [
            ("bot", None, True),
            ("chat", "ana", True),
        ]
        room = describe_room(ana.seat.room, 0)
        assert (room["dataProducers"], room["dataConsumers"]) == (2, 3)
        ben_now = describe_peer(ben.seat.peer, 0)
        assert (ben_now["dataProducers"], ben_now["dataConsumers"]) == (0, 2)

    asyncio.run(scenario())
