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
async def test_what_comes_in_is_limited_and_freed() -> None:
    worker = await with_everything()
    assert await worker.ask("transport.limitIncoming", transportId="a", bitrateBps=500_000) == {}
    assert await worker.ask("transport.limitIncoming", transportId="a", bitrateBps=None) == {}
    await worker.refused(InvalidInput, "transport.limitIncoming", transportId="a", bitrateBps=0)
    await worker.refused(NotFound, "transport.limitIncoming", transportId="nobody's", bitrateBps=None)


@on_loop
async def test_signs_of_life_are_told_for_what_exists() -> None:
    async with real_worker() as worker:
        await worker.ask("transport.create", routerId="r", transportId="unused")
        peer = await worker.connected("used")
        ids = ["nobody's", "unused", "used"]
        heard = (await worker.ask("transport.heard", transportIds=ids))["transports"]
        assert heard == [{}, {}, {"present": True}]
        peer.close()


# -- plain transports and pipes ----------------------------------------------------------------------------


@on_loop
async def test_every_kind_of_transport_and_what_only_others_understand() -> None:
    async with real_worker() as worker:
        first = worker.server.objects.settings.rtc_first_port
        await worker.ask("transport.create", routerId="r", transportId="w")
        plain = await worker.ask("transport.createPlain", routerId="r", transportId="p", rtcpMux=False)
        assert [plain[key]["localPort"] - first for key in ("tuple", "rtcpTuple")] in ([1, 2], [2, 3])
        pipe = await worker.ask("transport.createPipe", routerId="r", transportId="q", enableSctp=True)
        assert pipe["ip"] == "127.0.0.1"
        for kind, of_that_kind, asked in (
            ("WebRtcTransport", "w", ("transport.connect", {"dtlsParameters": DTLS})),
            ("WebRtcTransport", "w", ("transport.restartIce", {})),
            ("PlainTransport", "p", ("transport.connectPlain", {})),
            ("PipeTransport", "q", ("transport.connectPipe", {"ip": "127.0.0.1", "port": 1})),
        ):
            method, data = asked
            for transport_id in {"w", "p", "q"} - {of_that_kind}:
                text = await worker.refused(InvalidInput, method, transportId=transport_id, **data)
                assert text == f'transport with id "{transport_id}" is not a {kind}'
            await worker.refused(NotFound, method, transportId="nobody's", **data)
        stats = await worker.ask("worker.stats")
        assert (stats["transports"], stats["iceStates"], stats["ports"]["used"]) == (3, {"new": 1}, 3)
        for transport_id in ("w", "p", "q"):
            assert await worker.ask("transport.throttle", transportId=transport_id, throttle=None) == {}
            await worker.ask("transport.close", transportId=transport_id)
        await worker.ask("worker.ping")
        stats = await worker.ask("worker.stats")
        assert (stats["transports"], stats["ports"]["used"]) == (0, 0)


@on_loop
async def test_ids_and_routers_of_plain_transports() -> None:
    async with real_worker() as worker:
        for method in ("transport.createPlain", "transport.createPipe"):
            await worker.refused(NotFound, method, routerId="nobody's", transportId="t")
            await worker.ask(method, routerId="r", transportId=method)
            text = await worker.refused(InvalidState, method, routerId="r", transportId=method)
            assert text == f'a transport with id "{method}" already exists'
        connect = {"transportId": "transport.createPlain", "ip": "127.0.0.1"}
        for port in (0, 65536, "80"):
            await worker.refused(InvalidInput, "transport.connectPlain", port=port, **connect)
        await worker.ask("transport.connectPlain", port=80, **connect)
        await worker.refused(InvalidState, "transport.connectPlain", port=80, **connect)
