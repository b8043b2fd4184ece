"""Requests of a peer about its transports."""

from __future__ import annotations

import asyncio

import pytest

from mediad.budgets.refusal import OverLimit
from mediad.errors import InvalidState, MediadError, NotFound
from mediad.rooms.limits import RoomLimits
from tests.support.calls import Call, Guest, run, told
from tests.support.rtp_samples import vp8


async def pair(call: Call) -> tuple[Guest, Guest, str, str]:
    """Ana sends video to Ben; returns both, the producer's id and the consumer's."""
    ana, ben = await call.member("ana"), await call.member("ben")
    producer_id = await ana.produce("video", vp8())
    await call.settle()
    return ana, ben, producer_id, ben.listener.offers[0].consumer_id


def test_a_transport_is_made_connected_and_restarted() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.connect("ana")
        transport = told(await ana.seat.transports.create(consuming=False, force_tcp=True))
        transport_id, parameters = transport.id, transport.parameters
        assert set(parameters) == {"iceParameters", "iceCandidates", "dtlsParameters"}
        made = call.worker.called("transport.create")[0]
        assert made == {
            "routerId": ana.seat.room.home.router_id,
            "transportId": transport_id,
            "forceTcp": True,
        }
        await ana.seat.transports.connect(transport_id, {"role": "client", "fingerprints": []})
        assert call.worker.called("transport.connect")[0]["dtlsParameters"] == {
            "role": "client",
            "fingerprints": [],
        }
        with pytest.raises(InvalidState, match=r"connect\(\) already called"):
            await ana.seat.transports.connect(transport_id, {"role": "client", "fingerprints": []})
        restarted = told(await ana.seat.transports.restart_ice(transport_id))
        assert restarted["usernameFragment"] != parameters["iceParameters"]["usernameFragment"]
        assert told(await ana.seat.transports.stats(transport_id))[0]["type"] == "webrtc-transport"

    run(scenario)


def test_another_peers_transport_is_unknown() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.member("ana"), await call.member("ben")
        with pytest.raises(NotFound, match=f'transport with id "{ana.sending}" not found'):
            await ben.seat.transports.restart_ice(ana.sending)

    run(scenario)


def test_transports_are_limited_also_while_they_are_being_made() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.connect("ana")
        call.worker.hold("transport.create")
        tasks = [
            asyncio.create_task(ana.seat.transports.create(consuming=True, force_tcp=False)) for _ in range(3)
        ]
        await call.settle()
        call.worker.release("transport.create")
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert [isinstance(result, OverLimit) for result in results] == [False, False, True]
        assert len(call.worker.transports) == 2

    run(scenario, limits=RoomLimits(transports_per_peer=2))


def test_a_failed_transport_does_not_count() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.connect("ana")
        call.worker.failures["transport.create"] = MediadError("no port left")
        with pytest.raises(MediadError, match="no port left"):
            await ana.seat.transports.create(consuming=True, force_tcp=False)
        del call.worker.failures["transport.create"]
        await ana.seat.transports.create(consuming=True, force_tcp=False)

    run(scenario, limits=RoomLimits(transports_per_peer=1))


def test_a_transport_made_while_its_peer_leaves_is_closed_on_the_worker() -> None:
    async def scenario(call: Call) -> None:
        await call.member("ben")
        ana = await call.connect("ana")
        call.worker.hold("transport.create")
        creating = asyncio.create_task(ana.seat.transports.create(consuming=True, force_tcp=False))
        await call.settle()
        ana.disconnect()
        call.worker.release("transport.create")
        with pytest.raises(InvalidState, match="peer closed"):
            await creating
        await call.settle()
        assert len(call.worker.transports) == 2, "only ben's are left"

    run(scenario)
