"""The learning demo's namespace: a track that comes back, and an acknowledgement for each event."""

from __future__ import annotations

from typing import Any

import pytest

from mediad.rooms.limits import RoomLimits
from mediad.signaling.dialects.learning_demo import NAMESPACE
from tests.support.rtp_samples import opus, vp8
from tests.support.signaling import DTLS_PARAMETERS, Front, eventually, run
from tests.support.socketio_clients import EventClient, Refusal, guarded, token


async def ready(front: Front, **options: Any) -> tuple[EventClient, dict[str, Any]]:
    """Connect, and make both transports; returns the room's capabilities too."""
    client = await EventClient.connect(front, NAMESPACE, **options)
    await client.heard("connection-success")
    capabilities = (await client.call("getRouterRtpCapabilities"))["routerRtpCapabilities"]
    for sender in (True, False):
        made = await client.call("createTransport", {"sender": sender})
        assert made["params"].keys() >= {"id", "iceParameters", "iceCandidates", "dtlsParameters"}
    data = {"dtlsParameters": DTLS_PARAMETERS}
    await client.emit("connectProducerTransport", data)
    await client.emit("connectConsumerTransport", data)
    return client, capabilities


@pytest.mark.parametrize("transport", ["websocket", "polling", "polling+websocket"])
def test_a_track_comes_back_to_its_sender(transport: str) -> None:
    async def scenario(front: Front) -> None:
        client, capabilities = await ready(front, transport=transport)
        camera = (await client.call("transport-produce", {"kind": "video", "rtpParameters": vp8()}))["id"]
        params = (await client.call("consumeMedia", {"rtpCapabilities": capabilities}))["params"]
        assert params.keys() == {"producerId", "id", "kind", "rtpParameters"}
        assert (params["producerId"], params["kind"]) == (camera, "video")
        assert front.worker.consumers[params["id"]]["paused"] is True
        assert await client.call("resumePausedConsumer") is None
        assert front.worker.consumers[params["id"]]["paused"] is False
        assert client.names() == ["connection-success"]
        (room,) = front.registry.summaries()
        assert room["peers"] == 1
        await client.close()
        await eventually(lambda: front.registry.room_count == 0)

    run(scenario)


def test_audio_does_not_wait_to_be_resumed() -> None:
    async def scenario(front: Front) -> None:
        client, capabilities = await ready(front)
        for kind, parameters in (("video", vp8()), ("audio", opus())):
            await client.call("transport-produce", {"kind": kind, "rtpParameters": parameters})
        got = [await client.call("consumeMedia", {"rtpCapabilities": capabilities}) for _ in range(2)]
        paused = {p["params"]["kind"]: front.worker.consumers[p["params"]["id"]]["paused"] for p in got}
        assert paused == {"audio": False, "video": True}
        await client.close()

    run(scenario)


def test_a_room_id_is_a_room_for_all_who_give_it() -> None:
    async def scenario(front: Front) -> None:
        ana, capabilities = await ready(front, query="?roomId=shared")
        ben, _ = await ready(front, query="?roomId=shared")
        cid = await front.member("cid", room_id="shared")
        camera = (await ana.call("transport-produce", {"kind": "video", "rtpParameters": vp8()}))["id"]
        params = (await ben.call("consumeMedia", {"rtpCapabilities": capabilities}))["params"]
        assert params["producerId"] == camera
        assert (await cid.asked("newConsumer"))["data"]["producerId"] == camera
        for client in (ana, ben, cid):
            await client.close()

    run(scenario)


@pytest.mark.parametrize(
    ("event", "data", "answer"),
    [
        (
            "createTransport",
            {},
            {"params": {"error": "createTransport: Object missing required field `sender`"}},
        ),
        (
            "createTransport",
            {"sender": True},
            {"params": {"error": "there is a transport for this direction already"}},
        ),
        ("consumeMedia", {"rtpCapabilities": {}}, {"params": {"error": "there is no track to receive"}}),
        ("consumeMedia", {"rtpCapabilities": {"codecs": 5}}, None),
        ("transport-produce", {"kind": "video"}, None),
        ("connectProducerTransport", {}, None),
        ("resumePausedConsumer", None, {"error": "there is no consumer to resume"}),
        ("join-room", {"roomId": "room"}, {"error": 'unknown event "join-room"'}),
    ],
)
def test_errors_are_acknowledgements_too(event: str, data: Any, answer: Any) -> None:
    async def scenario(front: Front) -> None:
        client, _ = await ready(front)
        got = await client.call(event, data)
        assert "error" in got.get("params", got)
        assert answer is None or got == answer
        assert client.names() == ["connection-success"]
        await client.close()

    run(scenario)


def test_events_before_there_is_a_transport() -> None:
    async def scenario(front: Front) -> None:
        client = await EventClient.connect(front, NAMESPACE)
        data = {"kind": "video", "rtpParameters": vp8()}
        assert "no transport" in (await client.call("transport-produce", data))["error"]
        got = await client.call("consumeMedia", {"rtpCapabilities": {}})
        assert got == {"params": {"error": "there is no transport for consumers"}}
        await client.close()

    run(scenario)


def test_where_tokens_are_needed_one_is_needed_here() -> None:
    async def scenario(front: Front) -> None:
        with pytest.raises(Refusal, match=r"^Authentication error: a token is required$"):
            await EventClient.connect(front, NAMESPACE)
        auth = {"token": token(roomId="other")}
        with pytest.raises(Refusal, match="the token is for another roomId"):
            await EventClient.connect(front, NAMESPACE, query="?roomId=shared", auth=auth)
        client, _ = await ready(front, auth={"token": token()})
        await client.close()

    run(scenario, settings=guarded())


def test_refusals_say_why() -> None:
    async def scenario(front: Front) -> None:
        with pytest.raises(Refusal, match="roomId is limited to 128 characters"):
            await EventClient.connect(front, NAMESPACE, query=f"?roomId={'x' * 129}")
        first, _ = await ready(front)
        with pytest.raises(Refusal, match="the limit rooms is reached, 1 of 1"):
            await EventClient.connect(front, NAMESPACE)
        await first.close()

    run(scenario, limits=RoomLimits(rooms=1))
