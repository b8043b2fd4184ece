"""The entry on the wire: clients that come in and clients that are refused, and how rooms end connections."""

from __future__ import annotations

import asyncio
import contextlib
from urllib.parse import urlsplit

import jwt
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin, Subprotocol

from mediad.errors import MediadError
from mediad.rooms import registry
from mediad.rooms.limits import RoomLimits
from mediad.rooms.observer import RoomObserver
from mediad.signaling.access import Access, AccessRules
from mediad.signaling.app import SignalingSettings
from mediad.signaling.limits import ConnectionLimits
from tests.support.rtp_samples import opus
from tests.support.signaling import Front, eventually, run
from tests.support.tokens import signed_with

PROTOO = [Subprotocol("protoo")]


async def refusal(url: str, subprotocols: list[Subprotocol] | None) -> tuple[int, str]:
    with pytest.raises(InvalidStatus) as caught:
        await connect(url, subprotocols=subprotocols)
    response = caught.value.response
    assert response.headers["X-WebSocket-Reject-Reason"] == response.body.decode()
    return response.status_code, response.body.decode()


# -- who comes in ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("subprotocols", [None, [Subprotocol("secret-media")]])
def test_without_the_subprotocol_nobody_comes_in(subprotocols: list[Subprotocol] | None) -> None:
    """Conformance 1: an upgrade that does not offer protoo is refused with 403."""

    async def scenario(running: Front) -> None:
        url = running.url(roomId="r", peerId="p")
        assert await refusal(url, subprotocols) == (403, "invalid/missing Sec-WebSocket-Protocol")
        assert running.registry.room_count == 0

    run(scenario)


def test_a_page_that_asks_is_told_why_it_is_refused() -> None:
    """A browser hides the answer to an upgrade from its page, but not how a connection closed."""

    async def scenario(running: Front) -> None:
        url = running.url(roomId="r" * 129, peerId="p", explain="true")
        async with connect(url, subprotocols=PROTOO) as socket:
            await socket.wait_closed()
        expected = (4400, "roomId and peerId are limited to 128 characters")
        assert (socket.close_code, socket.close_reason) == expected
        assert running.registry.room_count == 0
        assert await refusal(url, None) == (403, "invalid/missing Sec-WebSocket-Protocol")

    run(scenario)


def test_who_is_told_why_and_does_not_go_is_cut_off() -> None:
    async def scenario(running: Front) -> None:
        where = urlsplit(running.url(roomId="r" * 129, peerId="p", explain="true"))
        reader, writer = await asyncio.open_connection(where.hostname, where.port)
        upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13"
        writer.write(
            f"GET /?{where.query} HTTP/1.1\r\nHost: {where.netloc}\r\n{upgrade}\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: protoo\r\n\r\n".encode()
        )
        with contextlib.suppress(ConnectionResetError):
            await asyncio.wait_for(reader.read(-1), 20)  # no close frame of ours, and yet it ends
        writer.close()

    run(scenario, settings=SignalingSettings(limits=ConnectionLimits(close_grace_s=0.05)))


@pytest.mark.parametrize(
    "query",
    [{}, {"roomId": "r"}, {"peerId": "p"}, {"roomId": "", "peerId": "p"}, {"roomId": "r", "peerId": ""}],
)
def test_room_and_peer_must_be_named(query: dict[str, str]) -> None:
    """Conformance 2: without room or peer the upgrade is refused with 400."""

    async def scenario(running: Front) -> None:
        expected = (400, "Connection request without roomId and/or peerId")
        assert await refusal(running.url(**query), PROTOO) == expected
        assert running.registry.room_count == 0

    run(scenario)


def test_names_have_a_length() -> None:
    async def scenario(running: Front) -> None:
        status, reason = await refusal(running.url(roomId="r" * 129, peerId="p"), PROTOO)
        assert (status, reason) == (400, "roomId and peerId are limited to 128 characters")
        client = await running.connect("p" * 128)
        await client.notified("mediasoup-version")

    run(scenario)


def test_the_subprotocol_is_selected_and_the_version_comes_first() -> None:
    """Conformance 1: the subprotocol is echoed."""

    async def scenario(running: Front) -> None:
        client = await running.connect("ana", consumerReplicas="undefined")
        assert client.socket.subprotocol == "protoo"
        await client.sync()
        first = client.log[0]
        assert (first["notification"], first["method"]) == (True, "mediasoup-version")
        assert isinstance(first["data"]["version"], str)

    run(scenario)


@pytest.mark.parametrize(
    ("text", "consumers"), [("undefined", 1), ("NaN", 1), ("", 1), ("-1", 1), ("2", 3), ("1.5", 1), ("²", 1)]
)
def test_replicas_are_read_leniently(text: str, consumers: int) -> None:
    """Conformance 2: `consumerReplicas=undefined` is accepted."""

    async def scenario(running: Front) -> None:
        ana = await running.member("ana")
        await running.member("ben", consumerReplicas=text)
        await ana.produce("audio", opus())
        await asyncio.sleep(0)
        await ana.sync()
        assert len(running.worker.consumers) == consumers

    run(scenario, limits=RoomLimits(consumer_replicas=16))


@pytest.mark.parametrize(("text", "workers"), [("true", 2), ("false", 1), ("1", 1), ("", 1)])
def test_an_app_of_dialect_b_may_ask_for_pipes(text: str, workers: int) -> None:
    async def scenario(running: Front) -> None:
        for name in ("ana", "ben", "cid"):
            await (await running.connect(name, usePipeTransports=text)).sync()
        assert len(running.registry.room("room").branches) == workers

    run(scenario, workers=2)


def test_a_token_says_on_how_many_workers_a_room_may_be() -> None:
    secret = "s" * 32

    async def scenario(running: Front) -> None:
        token = jwt.encode({"roomSpread": "auto"}, secret)
        await running.connect("ana", token=token)
        assert running.registry.room("room").spread == "auto"
        token = jwt.encode({"roomSpread": "all"}, secret)
        status, reason = await refusal(running.url(roomId="room", peerId="ben", token=token), PROTOO)
        assert (status, reason.partition(":")[0]) == (401, "the token's roomSpread claim")

    run(scenario, settings=SignalingSettings(access=Access(AccessRules(signed_with(secret)))))


def test_without_a_worker_the_upgrade_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_RETRY_S", 0)

    async def scenario(running: Front) -> None:
        running.worker.dead = True
        assert await refusal(running.url(roomId="r", peerId="p"), PROTOO) == (503, "no worker is available")

    run(scenario)


def test_a_worker_that_cannot_open_the_room_is_an_error() -> None:
    async def scenario(running: Front) -> None:
        running.worker.failures["router.create"] = MediadError("out of memory")
        assert await refusal(running.url(roomId="r", peerId="p"), PROTOO) == (500, "out of memory")

    run(scenario)


def test_signaling_lives_on_the_root_path() -> None:
    async def scenario(running: Front) -> None:
        url = running.url(roomId="r", peerId="p").replace("/?", "/elsewhere?")
        assert await refusal(url, PROTOO) == (404, "signaling is at /")

    run(scenario)


# -- how rooms end connections ---------------------------------------------------------------------------


def test_a_second_connection_takes_over() -> None:
    """Conformance 6: the old connection is closed with 4000, the others see one change."""

    async def scenario(running: Front) -> None:
        ben = await running.member("ben")
        old = await running.member("ana")
        await old.produce("audio", opus())
        consumer_id = (await ben.asked("newConsumer"))["data"]["id"]
        ben.log.clear()
        new = await running.member("ana")
        assert await old.closed() == 4000
        await new.produce("audio", opus())
        await ben.asked("newConsumer")
        await ben.sync()
        membership = [frame for frame in ben.log if frame.get("method") in ("newPeer", "peerClosed")]
        assert [frame["method"] for frame in membership] == ["newPeer"]
        assert (await ben.notified("consumerClosed")) == {"consumerId": consumer_id}

    run(scenario)


def test_a_lonely_peer_can_be_replaced() -> None:
    """Conformance 6: the room survives the replacement of its only peer."""

    async def scenario(running: Front) -> None:
        old = await running.member("ana")
        new = await running.connect("ana")
        assert await old.closed() == 4000
        assert (await new.join()) == {"peers": []}
        await new.produce("audio", opus())
        assert running.registry.room_count == 1

    run(scenario)


def test_a_dead_worker_sends_its_peers_back_to_the_start() -> None:
    async def scenario(running: Front) -> None:
        ana, ben = await running.member("ana"), await running.connect("ben")
        running.worker.die()
        running.registry.worker_died(0)
        assert {await ana.closed(), await ben.closed()} == {1012}
        again = await running.member("ana")
        await again.produce("audio", opus())
        assert running.placement.workers[1].producers

    run(scenario, workers=2)


def test_a_lost_transport_sends_its_peer_back_to_the_start() -> None:
    async def scenario(running: Front) -> None:
        ana, ben = await running.member("ana"), await running.member("ben")
        running.worker.emit("transport.iceState", transportId=ana.sending, iceState="disconnected")
        assert await ana.closed() == 1012
        assert await ben.notified("peerClosed") == {"peerId": "ana"}

    run(scenario)


def test_a_client_that_goes_away_leaves_nothing() -> None:
    async def scenario(running: Front) -> None:
        ana, ben = await running.member("ana"), await running.member("ben")
        await ana.produce("audio", opus())
        await ben.asked("newConsumer")
        ana.socket.transport.abort()
        assert await ben.notified("peerClosed") == {"peerId": "ana"}
        await ben.notified("consumerClosed")
        await ben.close()
        await eventually(running.worker.is_empty)
        assert running.registry.room_count == 0

    run(scenario)


# -- tokens, origins and reports ------------------------------------------------------------------------


def test_who_is_not_let_in_is_reported() -> None:
    told: list[tuple[str, ...]] = []

    class Ear(RoomObserver):
        def refused(self, room_id: str, peer_id: str, kind: str, reason: str) -> None:
            told.append((room_id, peer_id, kind))

    async def scenario(running: Front) -> None:
        await refusal(running.url(roomId="r"), PROTOO)
        await refusal(running.url(roomId="r", peerId="p"), None)
        assert told == [("r", "", "malformed"), ("r", "p", "forbidden")]

    run(scenario, observer=Ear())


def test_tokens_and_origins_are_asked_for_at_the_door() -> None:
    secret = "s" * 32
    access = Access(AccessRules(signed_with(secret), ("https://app.example",)))

    async def scenario(running: Front) -> None:
        url = running.url(roomId="room", peerId="ana")
        assert await refusal(url, PROTOO) == (401, "a token is required")
        token = jwt.encode({"roomId": "room"}, secret)
        await (await running.connect("ana", token=token)).socket.close()
        headers = {"Authorization": f"Bearer {token}"}
        async with connect(url, subprotocols=PROTOO, additional_headers=headers):
            pass
        assert await refusal(running.url(roomId="other", peerId="ana", token=token), PROTOO) == (
            401,
            "the token is for another roomId",
        )
        async with connect(f"{url}&token={token}", subprotocols=PROTOO, origin=Origin("https://app.example")):
            pass
        with pytest.raises(InvalidStatus) as caught:
            await connect(f"{url}&token={token}", subprotocols=PROTOO, origin=Origin("https://evil.example"))
        assert caught.value.response.status_code == 403

    run(scenario, settings=SignalingSettings(access=access))
