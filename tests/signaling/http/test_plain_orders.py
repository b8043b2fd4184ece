"""Plain transports of broadcasters, in both spellings."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest

from mediad.rooms.limits import RoomLimits
from mediad.rooms.plain_targets import Targets
from mediad.rooms.stock import Stocks
from tests.support import demo_b_client
from tests.support.broadcasting import WEBRTC, Owner, in_b
from tests.support.rtp_samples import opus, vp8
from tests.support.signaling import DTLS_PARAMETERS, Front, run

HERE = RoomLimits(plain_targets=Targets((ipaddress.ip_network("127.0.0.0/8"),)))
PLAIN = {"type": "plain"}


def at(port: int, **more: Any) -> dict[str, Any]:
    return {"ip": "127.0.0.1", "port": port, **more}


async def plain_in_a(running: Front, **options: Any) -> tuple[Owner, dict[str, Any]]:
    """A broadcaster of dialect A, and the answer that made its plain transport."""
    cam = Owner(running, "cam")
    await cam.create_in_a((await running.connect("eve")).capabilities or None)
    answer = await cam.post("/transports", {**PLAIN, **options})
    assert answer.status == 200
    return cam, answer.data


def test_plain_transports_of_dialect_a() -> None:
    async def scenario(running: Front) -> None:
        await running.member("ana")
        cam, made = await plain_in_a(running)
        assert set(made) == {"id", "ip", "port", "rtcpPort"}, "RTCP apart unless told otherwise"
        answer = await cam.post("/transports", {**PLAIN, "rtcpMux": True, "comedia": False})
        assert set(answer.data) == {"id", "ip", "port"}
        first, second = running.worker.called("transport.createPlain")
        assert (first["rtcpMux"], first["comedia"]) == (False, True)
        assert "rtcpMux" not in second
        path = f"/transports/{answer.data['id']}/connect"
        connected = await cam.post(path, at(5000))
        assert (connected.status, connected.text) == (200, "")
        twice = await cam.post(path, at(5000))
        assert (twice.status, "connect() already called" in twice.text) == (400, True)

    run(scenario, limits=HERE)


def test_plain_transports_of_dialect_b() -> None:
    async def scenario(running: Front) -> None:
        await running.member("ana")
        cam, _ = await in_b(running)
        answer = await cam.post("/transports", {"direction": "consumer", "rtcpMux": False})
        assert (answer.status, set(answer.data)) == (201, {"transportId", "ip", "port", "rtcpPort"})
        where = f"/rooms/room/broadcasters/cam/transports/{answer.data['transportId']}"
        assert answer.headers["location"] == where
        assert "comedia" not in running.worker.called("transport.createPlain")[0]
        path = f"/transports/{answer.data['transportId']}/connect"
        connected = await cam.post(path, at(5000, rtcpPort=5001))
        assert (connected.status, connected.text) == (200, "PlainTransport connected")
        assert (await cam.post(path, at(5000, rtcpPort=5001))).status == 409
        without = await cam.post("/transports", {"direction": "producer", "comedia": True})
        assert set(without.data) == {"transportId", "ip", "port"}

    run(scenario, limits=HERE)


def test_keys_of_an_encrypted_transport() -> None:
    async def scenario(running: Front) -> None:
        await running.member("ana")
        cam, made = await plain_in_a(running, enableSrtp=True, srtpCryptoSuite="AEAD_AES_256_GCM")
        assert made["srtpParameters"]["cryptoSuite"] == "AEAD_AES_256_GCM"
        path = f"/transports/{made['id']}/connect"
        short = {"srtpParameters": {"cryptoSuite": "AEAD_AES_128_GCM", "keyBase64": "AAAA"}}
        assert (await cam.post(path, short)).status == 400
        other = {"srtpParameters": {"cryptoSuite": "AES_CM_128_HMAC_SHA1_32", "keyBase64": "A" * 40}}
        connected = await cam.post(path, other)
        assert connected.status == 200
        assert connected.data["srtpParameters"]["cryptoSuite"] == "AES_CM_128_HMAC_SHA1_32"
        bea = Owner(running, "bea")
        await bea.create_in_b()
        made = (await bea.post("/transports", {"direction": "consumer", "enableSrtp": True})).data
        assert made["srtpParameters"]["cryptoSuite"] == "AES_CM_128_HMAC_SHA1_80"

    run(scenario, limits=HERE)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (at(0), "port"),
        (at(65_536), "port"),
        (at(5000, rtcpPort=0), "rtcpPort"),
        ({"ip": "127.0.0.1", "port": "5000"}, "port"),
        ({"ip": "localhost", "port": 5000}, "ip must be an IPv4 or IPv6 address"),
        ({"ip": 2130706433, "port": 5000}, "ip"),
        ({"ip": "10.0.0.1", "port": 5000}, "a private address, and outside of plain_target_allow"),
        ({"ip": "169.254.169.254", "port": 80}, "metadata"),
        (at(5000, rtcpPort=5001), "rtcpPort is for transports that were made without rtcpMux"),
        ({}, "ip is missing"),
        (at(5000, srtpParameters={"cryptoSuite": "ROT13", "keyBase64": "AAAA"}), "cryptoSuite"),
        (at(5000, srtpParameters={"cryptoSuite": "AEAD_AES_128_GCM"}), "keyBase64"),
    ],
)
def test_a_wrong_address_or_key_is_refused_and_a_right_one_taken_afterwards(
    body: dict[str, Any], says: str
) -> None:
    async def scenario(running: Front) -> None:
        await running.member("ana")
        cam, made = await plain_in_a(running, comedia=False, rtcpMux=True)
        path = f"/transports/{made['id']}/connect"
        refused = await cam.post(path, body)
        assert refused.status == 400
        assert says in refused.text
        assert running.worker.called("transport.connectPlain") == []
        assert (await cam.post(path, at(5000))).status == 200

    run(scenario, limits=HERE)


def test_a_target_that_is_not_allowed_is_forbidden_in_dialect_b() -> None:
    async def scenario(running: Front) -> None:
        await running.member("ana")
        cam, _ = await in_b(running)
        made = (await cam.post("/transports", {"direction": "consumer"})).data
        refused = await cam.post(f"/transports/{made['transportId']}/connect", {"ip": "10.0.0.1", "port": 1})
        assert (refused.status, "plain_target_allow" in refused.text) == (403, True)

    run(scenario)


@pytest.mark.parametrize(
    "body",
    [
        *({"comedia": "yes"}, {"rtcpMux": 1}, {"enableSrtp": "no"}),
        *({"enableSrtp": True, "srtpCryptoSuite": "ROT13"}, {"sctpCapabilities": {}}),
    ],
)
def test_a_plain_transport_with_what_it_cannot_have(body: dict[str, Any]) -> None:
    async def scenario(running: Front) -> None:
        await running.member("ana")
        cam = Owner(running, "cam")
        await cam.create_in_a()
        assert (await cam.post("/transports", {**PLAIN, **body})).status == 400
        assert running.worker.called("transport.createPlain") == []

    run(scenario)


def test_kinds_of_transports_are_not_mixed_up() -> None:
    async def scenario(running: Front) -> None:
        await running.member("ana")
        cam, made = await plain_in_a(running)
        answer = await cam.post(f"/transports/{made['id']}/connect", {"dtlsParameters": DTLS_PARAMETERS})
        assert (answer.status, answer.text) == (
            500,
            f'transport with id "{made["id"]}" is not a WebRtcTransport',
        )
        body = {"label": "chat", "protocol": "", "sctpStreamParameters": {"streamId": 0}, "appData": {}}
        refused = await cam.post(f"/transports/{made['id']}/produce/data", body)
        assert (refused.status, "carries no data channels" in refused.text) == (500, True)
        webrtc = (await cam.post("/transports", WEBRTC)).data["id"]
        assert (await cam.post(f"/transports/{webrtc}/connect", at(5000))).status == 400
        assert (await cam.post("/transports/nothing/connect", at(5000))).status == 500

    run(scenario, limits=HERE)


def test_the_first_scripts_of_dialect_b_have_paths_of_dialect_a() -> None:
    async def scenario(running: Front) -> None:
        ana = await demo_b_client.member(running, "ana")
        of_ana = await ana.produce("video", vp8(), source="video")
        cam, _ = await in_b(running)
        made = (await cam.post("/transports", {"direction": "producer", "comedia": True})).data
        path = f"/transports/{made['transportId']}"
        body = {"kind": "audio", "rtpParameters": opus(), "appData": {"source": "audio"}}
        produced = await cam.post(f"{path}/producers", body)
        assert (produced.status, set(produced.data)) == (201, {"producerId"})
        where = f"/rooms/room/broadcasters/cam/producers/{produced.data['producerId']}"
        assert produced.headers["location"] == where
        wish = {"producerId": of_ana, "paused": True, "rtpCapabilities": ana.capabilities}
        consumed = await cam.post(f"{path}/consume", wish)
        assert (consumed.status, set(consumed.data)) == (201, {"consumerId"})
        assert running.worker.called("consumer.resume") == []
        assert (await cam.post(f"{path}/resume", consumed.data)).text == "Consumer resumed"
        assert running.worker.called("consumer.resume") == [consumed.data]

    run(scenario)


def test_a_worker_without_ports_is_full() -> None:
    async def scenario(running: Front) -> None:
        await running.member("ana")
        cam, _ = await plain_in_a(running)
        answer = await cam.post("/transports", PLAIN)
        assert (answer.status, "media ports of this worker" in answer.text) == (503, True)

    run(scenario, stocks=Stocks(own_ports=lambda worker_id: 3))


def test_hundreds_of_transports_are_set_up_over_one_connection_without_a_pause() -> None:
    async def scenario(running: Front) -> None:
        await running.member("ana")
        cam = Owner(running, "cam")
        await cam.create_in_a()
        requests = "".join(
            f"POST {cam.all}/cam/transports HTTP/1.1\r\nHost: localhost\r\nContent-Length: 17\r\n"
            f"Connection: {'close' if number == 499 else 'keep-alive'}\r\n\r\n" + '{"type": "plain"}'
            for number in range(500)
        )
        assert (await running.raw(requests)).count(b"HTTP/1.1 200 OK") == 500

    run(scenario, stocks=Stocks(own_ports=lambda worker_id: 4000))
