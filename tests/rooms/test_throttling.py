"""Throttling of a seat: who may ask for an emulated network, and which transports are behind it."""

from __future__ import annotations

import asyncio
import logging

import pytest

from mediad.errors import Forbidden, InvalidInput, InvalidState, Unavailable
from mediad.rooms.limits import RoomLimits
from mediad.rooms.throttling import WrongSecret
from tests.support.calls import Call, run, told

SECRET = "a secret of ours"
LIMITS = RoomLimits(throttle_secret=SECRET)
SLOW = {"uplinkKbps": 500.0, "rttMs": 100.0}


def asked(call: Call) -> list[tuple[str, object]]:
    return [(data["transportId"], data["throttle"]) for data in call.worker.called("transport.throttle")]


def test_all_transports_of_the_peer_are_throttled_and_no_others() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.member("ana"), await call.member("ben")
        assert told(await ana.seat.throttling.apply(SECRET, uplink_kbps=500, rtt_ms=100)) is None
        assert asked(call) == [(ana.sending, SLOW), (ana.receiving, SLOW)]
        later = told(await ana.seat.transports.create(consuming=False, force_tcp=False)).id
        await ben.seat.transports.create(consuming=False, force_tcp=False)
        assert asked(call)[2:] == [(later, SLOW)]
        await ana.seat.throttling.stop(SECRET)
        assert asked(call)[3:] == [(id_, None) for id_ in (ana.sending, ana.receiving, later)]
        await ana.seat.transports.create(consuming=False, force_tcp=False)
        assert len(asked(call)) == 6

    run(scenario, limits=LIMITS)


def test_nothing_and_zero_are_no_limit() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        await ana.seat.throttling.apply(
            SECRET, uplink_kbps=0, downlink_kbps=None, rtt_ms=0, packet_loss_percent=5
        )
        assert asked(call)[0] == (ana.sending, {"packetLossPercent": 5.0})

    run(scenario, limits=LIMITS)


@pytest.mark.parametrize("secret", ["", "a secret of other", SECRET + " ", SECRET.upper(), "\ud800", "ä"])
def test_a_wrong_secret_is_refused(secret: str, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        with caplog.at_level(logging.INFO), pytest.raises(WrongSecret):
            await ana.seat.throttling.apply(secret, uplink_kbps=500)
        with pytest.raises(WrongSecret):
            await ana.seat.throttling.stop(secret)
        assert asked(call) == []
        assert "wrong secret" in caplog.text
        assert SECRET not in caplog.text

    run(scenario, limits=LIMITS)


def test_without_a_configured_secret_nobody_may() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        for secret in ("", "None", SECRET):
            with pytest.raises(Forbidden, match="network_throttle_secret is not set") as caught:
                await ana.seat.throttling.apply(secret, uplink_kbps=500)
            assert not isinstance(caught.value, WrongSecret)
        call.registry.set_limits(LIMITS)
        await ana.seat.throttling.apply(SECRET, uplink_kbps=500)
        assert len(asked(call)) == 2

    run(scenario)


@pytest.mark.parametrize(
    "values", [{"uplink_kbps": 0.5}, {"downlink_kbps": -3}, {"rtt_ms": 4001}, {"packet_loss_percent": 101}]
)
def test_values_out_of_bounds_change_nothing(values: dict[str, float]) -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        await ana.seat.throttling.apply(SECRET, uplink_kbps=500, rtt_ms=100)
        with pytest.raises(InvalidInput, match="network throttle: Expected `float`"):
            await ana.seat.throttling.apply(SECRET, **values)
        assert asked(call) == [(ana.sending, SLOW), (ana.receiving, SLOW)]
        assert ana.seat.peer.throttle is not None

    run(scenario, limits=LIMITS)


def test_a_secret_is_kept_out_of_what_people_read() -> None:
    assert SECRET not in repr(LIMITS)


def test_a_transport_that_is_being_made_follows_what_was_asked_last() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.connect("ana")
        await ana.seat.throttling.apply(SECRET, uplink_kbps=500, rtt_ms=100)
        call.worker.hold("transport.throttle")
        making = asyncio.create_task(ana.seat.transports.create(consuming=False, force_tcp=False))
        await call.settle()
        await ana.seat.throttling.stop(SECRET)
        call.worker.release("transport.throttle")
        made = told(await making).id
        assert asked(call) == [(made, SLOW), (made, None)]

    run(scenario, limits=LIMITS)


def test_a_transport_that_cannot_be_throttled_is_not_made() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.connect("ana")
        await ana.seat.throttling.apply(SECRET, uplink_kbps=500)
        call.worker.failures["transport.throttle"] = Unavailable("no answer in time")
        with pytest.raises(Unavailable):
            await ana.seat.transports.create(consuming=False, force_tcp=False)
        await call.settle()
        assert (call.worker.transports, ana.seat.peer.transports) == ({}, {})

    run(scenario, limits=LIMITS)


def test_a_transport_that_closes_meanwhile_is_no_error() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        call.worker.hold("transport.throttle")
        applying = asyncio.create_task(ana.seat.throttling.apply(SECRET, uplink_kbps=500))
        await call.settle()
        ana.seat.leave()
        call.worker.release("transport.throttle")
        await applying
        with pytest.raises(InvalidState):
            await ana.seat.throttling.apply(SECRET, uplink_kbps=500)

    run(scenario, limits=LIMITS)


def test_a_new_connection_of_the_same_peer_is_not_throttled() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.member("ana")
        await ana.seat.throttling.apply(SECRET, uplink_kbps=500)
        again = await call.member("ana")
        assert again.seat.peer.throttle is None
        assert {id_ for id_, _ in asked(call)} == {ana.sending, ana.receiving}

    run(scenario, limits=LIMITS)
