"""Grants of tokens at the real daemon: in every dialect and over HTTP, and changed while media flows."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import time
import urllib.error
import urllib.request
from collections.abc import Coroutine, Iterator
from typing import Any, cast
from urllib.parse import urlencode

import jwt
import pytest
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from tests.support import demo_b_client
from tests.support.daemon import Daemon
from tests.support.mediactl import ask_mediactl, mediactl
from tests.support.protoo_client import Refused
from tests.support.rtp_samples import opus, vp8
from tests.support.signaling import Client, Failure, Front
from tests.support.socketio_clients import EventClient, Participant
from tests.support.webrtc_client import Received, WebRtcClient, until

SECRET = "a key of thirty-two bytes or more"


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    with Daemon(jwt_secrets=SECRET, token_expiry="enforce") as running:
        yield running


@pytest.fixture
def room_id(request: pytest.FixtureRequest) -> str:
    """A room of its own for each test."""
    return str(request.node.name)


@dataclasses.dataclass
class Door:
    """A daemon as the scripted clients know their front."""

    port: int

    def url(self, **query: str) -> str:
        return f"ws://127.0.0.1:{self.port}/?{urlencode(query)}"


def door(daemon: Daemon) -> Front:
    return cast("Front", Door(daemon.port))


def token(room_id: str, peer_id: str, ttl_s: float = 300, **claims: Any) -> str:
    names = {"roomId": room_id, "peerId": peer_id, "exp": round(time.time() + ttl_s)}
    return jwt.encode({**names, **claims}, SECRET)


def run(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(scenario, 120))


async def aiortc(daemon: Daemon, room_id: str, peer_id: str, **claims: Any) -> WebRtcClient:
    url = f"{daemon.ws_url(room_id, peer_id)}&token={token(room_id, peer_id, **claims)}"
    return await WebRtcClient.join(url, peer_id)


async def demo_a(daemon: Daemon, room_id: str, peer_id: str, **claims: Any) -> Client:
    names = {"roomId": room_id, "peerId": peer_id, "token": token(room_id, peer_id, **claims)}
    url = door(daemon).url(**names)
    client = Client(await connect(url, subprotocols=[Subprotocol("protoo")], compression=None))
    await client.join_with_data()
    return client


async def demo_b(daemon: Daemon, room_id: str, peer_id: str, **claims: Any) -> Client:
    key = token(room_id, peer_id, **claims)
    client = await demo_b_client.connect(door(daemon), peer_id, room_id, token=key)
    await client.join()
    return client


def http(daemon: Daemon, method: str, path: str, key: str, body: Any = None) -> tuple[int, str]:
    """Return status and text of an answer."""
    content = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {key}"}
    request = urllib.request.Request(daemon.url + path, content, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


async def refused(asking: Coroutine[Any, Any, Any]) -> str:
    """Return the reason of a refusal, which has the code 403."""
    with pytest.raises(Failure) as failure:
        await asking
    assert failure.value.code == 403
    return str(failure.value)


# -- each dialect ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("enter", [demo_a, demo_b])
def test_protoo(daemon: Daemon, room_id: str, enter: Any) -> None:
    async def scenario() -> None:
        ana = await enter(daemon, room_id, "ana", sources=["mic"], data=False, subscribe=False)
        ben = await enter(daemon, room_id, "ben", limits={"producers": 1})
        await ben.produce("audio", opus())
        assert "(grant maxProducers)" in await refused(ben.produce("video", vp8()))
        await ana.produce("audio", opus())
        assert "(grant sources)" in await refused(ana.produce("video", vp8(), source="mic"))
        assert "(grant sources)" in await refused(ana.produce("video", vp8(), share=True))
        await ben.asked("newConsumer")
        await ana.sync()
        assert "newConsumer" not in ana.methods()
        if enter is demo_a:
            assert "(grant data)" in await refused(ana.produce_data("chat"))
        for client in (ana, ben):
            await client.close()

    run(scenario())


def test_meetlite(daemon: Daemon, room_id: str) -> None:
    async def scenario() -> None:
        others = await demo_a(daemon, room_id, "ana")
        await others.produce("audio", opus())
        claims = {"userId": "ben", "email": "ben@example.org", "exp": round(time.time() + 300)}
        key = jwt.encode({**claims, "codecs": ["audio/opus"], "limits": {"consumers": 0}}, SECRET)
        ben = await Participant.connect(door(daemon), auth={"token": key})
        answer = await ben.asked("join-room", {"roomId": room_id}, "router-rtp-capabilities")
        for direction in ("send", "recv"):
            data = {"roomId": room_id, "direction": direction}
            await ben.asked("create-webrtc-transport", data, "webrtc-transport-created")
        await ben.emit("set-rtp-capabilities", answer)
        told = await ben.heard("consumer-refused")
        assert (told["participantId"], "(grant maxConsumers)" in told["message"]) == ("ana", True)
        track = {"kind": "video", "rtpParameters": vp8(), "appData": {}}
        error = await ben.asked("create-producer", track, "error")
        assert error["message"] == "video/VP8 may not be sent by this peer (grant codecs)"
        assert isinstance(ben, Participant)
        producer_id = await ben.produce("audio", 77)
        said = await mediactl(daemon.admin_socket, "peer", "grant", room_id, "ben", "--publish", "off")
        assert "no publish" in said.out, said.err
        assert (await ben.heard("producer-closed"))["producerId"] == producer_id
        assert (await ben.heard("grants-changed"))["publish"] is False
        await ben.close()
        await others.close()

    run(scenario())


def test_the_learning_demo(daemon: Daemon, room_id: str) -> None:
    async def scenario() -> None:
        key = jwt.encode({"roomId": room_id, "exp": round(time.time() + 300), "subscribe": False}, SECRET)
        query = f"?roomId={room_id}"
        client = await EventClient.connect(door(daemon), "/mediasoup", query=query, auth={"token": key})
        capabilities = (await client.call("getRouterRtpCapabilities"))["routerRtpCapabilities"]
        for sender in (True, False):
            await client.call("createTransport", {"sender": sender})
        produced = await client.call("transport-produce", {"kind": "audio", "rtpParameters": opus()})
        assert "id" in produced
        answer = await client.call("consumeMedia", {"rtpCapabilities": capabilities})
        assert answer == {"params": {"error": "this peer may not receive (grant subscribe)"}}
        await client.close()

    run(scenario())


@pytest.mark.parametrize("names", ["id", "peerId"])
def test_broadcasters(daemon: Daemon, room_id: str, names: str) -> None:
    async def scenario() -> None:
        ana = await demo_a(daemon, room_id, "ana")
        producer_id = await ana.produce("audio", opus())
        key = token(room_id, "cam", codecs=["video/vp8"], subscribe=False, data=False)
        where = f"/rooms/{room_id}/broadcasters"
        body = {
            names: "cam",
            "displayName": "cam",
            "device": {"name": "gst"},
            "rtpCapabilities": ana.capabilities,
        }
        assert http(daemon, "POST", where, key, body)[0] in (200, 201)
        if names == "peerId":
            assert http(daemon, "POST", f"{where}/cam/join", key)[0] == 200
        asked = {"type": "plain", "comedia": True, "rtcpMux": True}
        made = json.loads(http(daemon, "POST", f"{where}/cam/transports", key, asked)[1])
        at = f"{where}/cam/transports/{made.get('id') or made['transportId']}"
        track = {"kind": "audio", "rtpParameters": opus()}
        assert http(daemon, "POST", f"{at}/producers", key, track) == (
            403,
            "audio/opus may not be sent by this peer (grant codecs)",
        )
        assert (
            http(daemon, "POST", f"{at}/producers", key, {"kind": "video", "rtpParameters": vp8()})[0] < 300
        )
        wish = {"producerId": producer_id, "rtpCapabilities": ana.capabilities}
        status, reason = http(daemon, "POST", f"{at}/consume?producerId={producer_id}", key, wish)
        assert (status, reason) == (403, "this peer may not receive (grant subscribe)")
        assert http(daemon, "POST", f"/rooms/{room_id}/recordings", key)[0] == 403
        await ana.close()

    run(scenario())


# -- during a call -----------------------------------------------------------------------------------------


async def still(received: Received) -> None:
    """Wait until no frame has come for a second."""
    before = -1
    while before != received.meter.frames:
        before = received.meter.frames
        await asyncio.sleep(1)


async def grant(daemon: Daemon, room_id: str, peer_id: str, *words: str) -> dict[str, Any]:
    return await ask_mediactl(daemon.admin_socket, "peer", "grant", room_id, peer_id, *words)


def test_media_ends_and_begins_with_a_word_of_the_operator(daemon: Daemon, room_id: str) -> None:
    async def scenario() -> None:
        async with await aiortc(daemon, room_id, "ana") as ana, await aiortc(daemon, room_id, "ben") as ben:
            of_ana, of_ben = await ana.produce_video(60), await ben.produce_video(200)
            seen, shown = await ben.received(of_ana), await ana.received(of_ben)

            changed = await grant(daemon, room_id, "ana", "--publish", "off")
            assert changed["grants"]["publish"] is False
            assert (await ana.notified("producerClosed"))["producerId"] == of_ana
            await ana.notified("grantsChanged", publish=False)
            await ben.notified("consumerClosed", consumerId=seen.id)
            await ana.received(of_ben)  # she still sees him
            asked = {"transportId": ana.send_transport.id, "kind": "audio", "rtpParameters": opus("9")}
            with pytest.raises(Refused, match="grant publish"):
                await ana.request("produce", asked)

            await grant(daemon, room_id, "ben", "--subscribe", "off")
            await grant(daemon, room_id, "ana", "--publish", "on", "--sources", "mic")
            again = await ana.produce_audio(440)
            await still(seen)
            assert all(received.closed for received in ben.consumers.values())
            await grant(daemon, room_id, "ben", "--subscribe", "on")
            await ben.received(again)

            await grant(daemon, room_id, "ana", "--subscribe", "off")
            await ana.notified("consumerClosed", consumerId=shown.id)
            await still(shown)
            await grant(daemon, room_id, "ana", "--subscribe", "on")
            await ana.received(of_ben)

            shown_by_ctl = await mediactl(daemon.admin_socket, "peer", "show", room_id, "ana")
            assert "sources mic" in shown_by_ctl.out
            in_room = await mediactl(daemon.admin_socket, "room", "show", room_id)
            assert "GRANTS" in in_room.out
            events = await mediactl(daemon.admin_socket, "events", "--room", room_id)
            assert events.out.count("peer.grants_changed") == 6

    run(scenario())


def test_a_limit_of_the_bitrate_is_told_to_the_sender(daemon: Daemon, room_id: str) -> None:
    async def scenario() -> None:
        limits = {"bitrate": 400_000}
        async with await aiortc(daemon, room_id, "ana", limits=limits) as ana:
            await ana.produce_video(60)

            async def limit() -> Any:
                (stats,) = await ana.request("getTransportStats", {"transportId": ana.send_transport.id})
                return stats["maxIncomingBitrate"]

            assert await limit() == 400_000
            await grant(daemon, room_id, "ana", "--max-bitrate", "300")
            assert await limit() == 300_000
            (sender,) = (s for s in ana.send_transport._handler._pc.getSenders() if s.track is not None)
            await until(lambda: _target_bps(sender) == 300_000, "REMB of 300 kbit/s", 30)

    run(scenario())


def _target_bps(sender: Any) -> Any:
    encoder = sender._RTCRtpSender__encoder
    return None if encoder is None else encoder.target_bitrate


def test_a_call_ends_with_its_token_and_goes_on_with_more_time(daemon: Daemon, room_id: str) -> None:
    async def scenario() -> None:
        ana = await demo_a(daemon, room_id, "ana", ttl_s=-26)
        ben = await demo_a(daemon, room_id, "ben", ttl_s=-20)
        await grant(daemon, room_id, "ben", "--ttl", "300")
        assert await ana.closed() == 4000
        await asyncio.sleep(5)
        await ben.sync()
        events = await mediactl(daemon.admin_socket, "events", "--room", room_id)
        assert "cause=expired" in events.out
        await ben.close()

    run(scenario())


def test_what_was_withdrawn_stays_so_for_who_comes_again(daemon: Daemon, room_id: str) -> None:
    async def scenario() -> None:
        ben = await demo_a(daemon, room_id, "ben")
        ana = await demo_a(daemon, room_id, "ana")
        await grant(daemon, room_id, "ana", "--publish", "off")
        await ana.close()
        again = await demo_a(daemon, room_id, "ana")
        assert "(grant publish)" in await refused(again.produce("audio", opus()))
        await again.close()
        await ben.close()

    run(scenario())
