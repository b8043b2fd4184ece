"""Plain transports of a peer: made, connected once, and counted."""

from __future__ import annotations

import asyncio
import ipaddress

import pytest

from mediad.errors import Forbidden, Full, InvalidInput, InvalidState, MediadError, NotFound
from mediad.pipe.transport_requests import SrtpParameters
from mediad.rooms.limits import RoomLimits
from mediad.rooms.plain_targets import Targets
from mediad.rooms.plain_transports import AlreadyConnected, PlainTransport
from mediad.rooms.stock import ADDRESS, Stocks
from tests.support.calls import Call, Guest, run, told

HERE = RoomLimits(plain_targets=Targets((ipaddress.ip_network("127.0.0.0/8"),)))
AES_CM = SrtpParameters("AES_CM_128_HMAC_SHA1_80", "A" * 40)
AES_GCM = SrtpParameters("AEAD_AES_128_GCM", "A" * 38 + "==")


async def make(guest: Guest, *, rtcp_mux: bool = True, comedia: bool = False) -> PlainTransport:
    return told(await guest.seat.plain_transports.create(rtcp_mux=rtcp_mux, comedia=comedia))


def test_its_addresses_are_told_and_kept() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.connect("ana")
        apart = await make(ana, rtcp_mux=False, comedia=True)
        assert apart.rtcp_tuple is not None
        assert apart.rtcp_tuple.local_port != apart.tuple.local_port
        assert apart.srtp_parameters is None
        assert (await make(ana)).rtcp_tuple is None
        first, second = call.worker.called("transport.createPlain")
        assert (first["rtcpMux"], first["comedia"]) == (False, True)
        assert set(second) == {"routerId", "transportId"}
        path = ana.seat.peer.transports[apart.id].plain
        assert path is not None
        assert (path.tuple, path.comedia, path.secure) == (apart.tuple, True, False)
        learned = {**call.worker.transports[apart.id]}["tuple"]
        told_tuple = {"localAddress": "192.0.2.1", "localPort": learned.local_port}
        call.worker.emit(
            "transport.tuple",
            transportId=apart.id,
            tuple={**told_tuple, "remoteIp": "192.0.2.1", "remotePort": 7},
        )
        assert (path.tuple.remote_ip, path.tuple.remote_port) == ("192.0.2.1", 7)

    run(scenario)


def test_it_is_connected_once() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.connect("ana")
        transport = await make(ana, rtcp_mux=False)
        connect = ana.seat.plain_transports.connect
        connected = told(await connect(transport.id, ip="127.0.0.1", port=5000, rtcp_port=5001))
        assert (connected.tuple.remote_ip, connected.tuple.remote_port) == ("127.0.0.1", 5000)
        (asked,) = call.worker.called("transport.connectPlain")
        assert asked == {
            "transportId": transport.id,
            "ip": "127.0.0.1",
            "port": 5000,
            "rtcpPort": 5001,
        }
        with pytest.raises(AlreadyConnected, match=r"connect\(\) already called"):
            await connect(transport.id, ip="127.0.0.1", port=5000, rtcp_port=5001)
        assert len(call.worker.called("transport.connectPlain")) == 1

    run(scenario, limits=HERE)


def test_two_that_connect_it_at_once_do_not_both_succeed() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.connect("ana")
        transport = await make(ana)
        connect = ana.seat.plain_transports.connect
        results = await asyncio.gather(
            *(connect(transport.id, ip="127.0.0.1", port=port) for port in (1, 2)), return_exceptions=True
        )
        assert [type(result).__name__ for result in results] == ["Reply", "AlreadyConnected"]

    run(scenario, limits=HERE)


@pytest.mark.parametrize(
    ("made", "given", "reason"),
    [
        ({}, {"port": 5000}, "ip is missing"),
        ({}, {"ip": "127.0.0.1"}, "port is missing"),
        ({}, {"ip": "localhost", "port": 5000}, "ip must be an IPv4 or IPv6 address"),
        ({}, {"ip": "127.0.0.1", "port": 5000, "rtcp_port": 5001}, "rtcpPort is for transports that"),
        ({"rtcp_mux": False}, {"ip": "127.0.0.1", "port": 5000}, "rtcpPort is missing"),
        ({}, {"ip": "127.0.0.1", "port": 5000, "srtp_parameters": AES_CM}, "made with enableSrtp"),
        ({"comedia": True}, {"srtp_parameters": AES_CM}, "made with enableSrtp"),
    ],
)
def test_what_does_not_fit_leaves_it_as_it_was(
    made: dict[str, bool], given: dict[str, object], reason: str
) -> None:
    async def scenario(call: Call) -> None:
        ana = await call.connect("ana")
        transport = await make(ana, **made)
        with pytest.raises(InvalidInput, match=reason):
            await ana.seat.plain_transports.connect(transport.id, **given)  # type: ignore[arg-type]
        assert call.worker.called("transport.connectPlain") == []
        path = ana.seat.peer.transports[transport.id].plain
        assert path is not None
        assert not path.connected

    run(scenario, limits=HERE)


def test_an_address_that_media_must_not_be_sent_to_does_not_reach_the_worker() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.connect("ana")
        transport = await make(ana)
        with pytest.raises(Forbidden, match="plain_target_allow"):
            await ana.seat.plain_transports.connect(transport.id, ip="::ffff:10.0.0.1", port=5000)
        assert call.worker.called("transport.connectPlain") == []
        call.registry.set_limits(RoomLimits(plain_targets=Targets((ipaddress.ip_network("10.0.0.0/8"),))))
        await ana.seat.plain_transports.connect(transport.id, ip="::ffff:10.0.0.1", port=5000)
        assert call.worker.called("transport.connectPlain")[0]["ip"] == "10.0.0.1"

    run(scenario, limits=HERE)


def test_keys_are_exchanged_and_a_wrong_one_can_be_corrected() -> None:
    async def scenario(call: Call) -> None:
        ana = await call.connect("ana")
        create, connect = ana.seat.plain_transports.create, ana.seat.plain_transports.connect
        transport = told(
            await create(rtcp_mux=True, comedia=True, srtp_crypto_suite="AES_CM_128_HMAC_SHA1_80")
        )
        assert transport.srtp_parameters is not None
        with pytest.raises(InvalidInput, match="srtpParameters are missing"):
            await connect(transport.id)
        with pytest.raises(InvalidInput, match="has 28 bytes"):
            await connect(transport.id, srtp_parameters=SrtpParameters("AEAD_AES_128_GCM", "AAAA"))
        connected = told(await connect(transport.id, ip="10.0.0.1", port=1, srtp_parameters=AES_GCM))
        assert connected.srtp_parameters is not None
        assert connected.srtp_parameters.crypto_suite == "AEAD_AES_128_GCM", "the client's suite wins"
        asked = call.worker.called("transport.connectPlain")[-1]
        assert set(asked) == {"transportId", "srtpParameters"}, "comedia: the address is learned"

    run(scenario, limits=HERE)


def test_other_kinds_and_other_peers() -> None:
    async def scenario(call: Call) -> None:
        ana, ben = await call.member("ana"), await call.member("ben")
        transport = await make(ana)
        with pytest.raises(NotFound):
            await ben.seat.plain_transports.connect(transport.id, ip="127.0.0.1", port=1)
        with pytest.raises(InvalidState, match="is not a PlainTransport"):
            await ana.seat.plain_transports.connect(ana.sending, ip="127.0.0.1", port=1)
        with pytest.raises(InvalidState, match="is not a WebRtcTransport"):
            await ana.seat.transports.connect(transport.id, {"role": "client", "fingerprints": []})
        with pytest.raises(InvalidState, match="is not a WebRtcTransport"):
            await ana.seat.transports.restart_ice(transport.id)
        with pytest.raises(InvalidState, match="is plain, and carries no data channels"):
            await ana.seat.data.produce(transport.id, {"streamId": 0}, "chat", "", {})

    run(scenario, limits=HERE)


def test_ports_are_shared_out_and_given_back() -> None:
    stocks = Stocks(own_ports=lambda worker_id: 20)

    async def scenario(call: Call) -> None:
        tables = stocks.of(0).tables
        ana = await call.connect("ana", address="192.0.2.1")
        for _ in range(6):
            await make(ana, rtcp_mux=False)
        with pytest.raises(Full, match="your address has 12 of the 20 media ports of this worker"):
            await make(ana, rtcp_mux=False)
        assert (tables["media ports"].used, tables["transports"].used) == (12, 6)
        ben = await call.connect("ben", address="192.0.2.2")
        await make(ben)
        ana.disconnect()
        await call.settle()
        assert (tables["media ports"].used, tables["transports"].used) == (1, 1)
        assert len(call.worker.transports) == 1

    run(scenario, stocks=stocks)


def test_a_peer_may_have_as_many_as_its_address_has_ports() -> None:
    stocks = Stocks()

    async def scenario(call: Call) -> None:
        ana = await call.connect("ana", address="192.0.2.1")
        for _ in range(500):
            await make(ana)
        assert stocks.of(0).tables["media ports"].used == 500
        told(await ana.seat.transports.create(consuming=False, force_tcp=False))

    run(scenario, stocks=stocks)


def test_what_the_worker_does_not_make_is_given_back() -> None:
    stocks = Stocks()

    async def scenario(call: Call) -> None:
        await call.member("ben")
        ana = await call.connect("ana")
        call.worker.failures["transport.createPlain"] = MediadError("no")
        with pytest.raises(MediadError, match="no"):
            await make(ana)
        del call.worker.failures["transport.createPlain"]
        call.worker.hold("transport.createPlain")
        making = asyncio.create_task(make(ana))
        await call.settle()
        ana.disconnect()
        call.worker.release("transport.createPlain")
        with pytest.raises(InvalidState, match="peer closed"):
            await making
        await call.settle()
        assert stocks.of(0).tables["media ports"].used == 0
        assert len(call.worker.transports) == 2, "those of ben"

    run(scenario, stocks=stocks)


def test_an_address_is_a_holder_of_ports() -> None:
    stocks = Stocks(own_ports=lambda worker_id: 4)
    stock = stocks.of(0)
    claims = [stock.claim_plain((ADDRESS, "192.0.2.1"), 1) for _ in range(2)]
    with pytest.raises(Full):
        stock.claim_plain((ADDRESS, "192.0.2.2"), 3)
    assert (stock.tables["media ports"].used, stock.tables["transports"].used) == (2, 2), (
        "none is half claimed"
    )
    for claim in claims:
        claim.release()
        claim.release()
    assert (stock.tables["media ports"].used, stock.tables["transports"].used) == (0, 0)
