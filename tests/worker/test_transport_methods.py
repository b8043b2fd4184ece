"""Requests about transports: met, or refused by name."""

from __future__ import annotations

from mediad.errors import InvalidInput, InvalidState, NotFound
from tests.support.loops import on_loop
from tests.support.served_worker import DTLS, real_worker, with_everything, with_router


@on_loop
async def test_connect_only_once() -> None:
    worker = await with_everything()
    role = await worker.ask("transport.connect", transportId="a", dtlsParameters={**DTLS, "role": "client"})
    assert role == {"dtlsLocalRole": "server"}
    text = await worker.refused(InvalidState, "transport.connect", transportId="a", dtlsParameters=DTLS)
    assert text == "connect() already called"


@on_loop
async def test_tcp_alone_is_refused_where_there_is_none() -> None:
    worker = await with_router()
    text = await worker.refused(
        InvalidInput, "transport.create", routerId="r", transportId="t", forceTcp=True
    )
    assert "rtc_tcp_connections_per_address is 0" in text


@on_loop
async def test_a_transport_is_throttled_and_freed() -> None:
    worker = await with_everything()
    assert await worker.ask("transport.throttle", transportId="a", throttle={"rttMs": 100}) == {}
    assert await worker.ask("transport.throttle", transportId="a", throttle=None) == {}
    await worker.refused(InvalidInput, "transport.throttle", transportId="a", throttle={"rttMs": -1})
    await worker.refused(NotFound, "transport.throttle", transportId="nobody's", throttle=None)


@on_loop
async def test_signs_of_life_are_told_for_what_exists() -> None:
    async with real_worker() as worker:
        await worker.ask("transport.create", routerId="r", transportId="unused")
        peer = await worker.connected("used")
        ids = ["nobody's", "unused", "used"]
        heard = (await worker.ask("transport.heard", transportIds=ids))["transports"]
        assert heard == [{}, {}, {"present": True}]
        peer.close()
