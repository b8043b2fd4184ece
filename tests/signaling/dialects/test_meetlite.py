"""MeetLite's namespace: who may come in, and one answer for each event."""

from __future__ import annotations

from typing import Any

import pytest

from mediad.rooms.listener import CloseCause
from tests.support.rtp_samples import opus, vp8
from tests.support.signaling import DTLS_PARAMETERS, Front, eventually, run
from tests.support.socketio_clients import EventClient, Participant, Refusal, guarded, token

TRANSPORTS = ("websocket", "polling", "polling+websocket")


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_two_participants_and_a_track(transport: str) -> None:
    async def scenario(front: Front) -> None:
        ana = await Participant.enter(front, "ana", transport=transport)
        camera = await ana.produce("video", 1000)
        ben = await Participant.enter(front, "ben", transport=transport)
        assert await ana.heard("participant-joined") == {"participantId": "ben"}
        assert await ben.heard("existing-participants") == {"participants": ["ana"]}
        assert await ben.heard("room-data") == {
            "participants": ["ana"],
            "mediaState": {"ana": {"audioEnabled": False, "videoEnabled": True}},
            "participantInfo": {"ana": {"email": "ana@example.org", "userId": "ana"}},
        }
        offer = await ben.heard("new-consumer")
        assert (offer["participantId"], offer["producerId"], offer["kind"]) == ("ana", camera, "video")
        assert offer["producerPaused"] is False
        assert offer["rtpParameters"]["codecs"][0]["mimeType"] == "video/VP8"
        consumer_id = offer["consumerId"]
        assert front.worker.consumers[consumer_id]["paused"] is True
        data = {"consumerId": consumer_id}
        assert await ben.asked("resume-consumer", data, "consumer-resumed") == data
        assert front.worker.consumers[consumer_id]["paused"] is False

        await ana.emit("pause-producer", {"kind": "video"})
        assert await ben.heard("consumer-producer-paused") == data
        state = {"userId": "ana", "audioEnabled": False, "videoEnabled": False}
        assert await ben.heard("media-state-update") == state
        await ana.emit("resume-producer", {"kind": "video"})
        assert await ben.heard("consumer-producer-resumed") == data
        assert await ben.heard("media-state-update") == {**state, "videoEnabled": True}
        await ana.close()
        assert await ben.heard("participant-left") == {"participantId": "ana"}
        assert "error" not in ana.names() + ben.names()
        await ben.close()
        await eventually(lambda: front.registry.room_count == 0)

    run(scenario, settings=guarded())


def test_a_track_of_the_same_kind_takes_the_place_of_the_older_one() -> None:
    async def scenario(front: Front) -> None:
        ana, ben = await Participant.enter(front, "ana"), await Participant.enter(front, "ben")
        await ana.produce("video", 1000)
        first = (await ben.heard("new-consumer"))["consumerId"]
        await ana.produce("video", 2000, screen=True)
        screen = await ben.heard("new-consumer")
        assert screen["appData"]["screen"] is True
        await ana.produce("video", 3000)
        assert await ben.heard("consumer-closed") == {"consumerId": first}
        await ana.emit("pause-producer", {"kind": "screen-video"})
        paused = await ben.heard("consumer-producer-paused")
        assert paused == {"consumerId": screen["consumerId"]}
        assert (await ben.heard("media-state-update"))["videoEnabled"] is True, "the camera goes on"
        await ana.emit("pause-producer", {"kind": "screen-audio"})
        assert "screen-audio" in (await ana.heard("error"))["message"]
        await ana.close()
        await ben.close()

    run(scenario, settings=guarded())


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({}, "a token is required"),
        ({"token": 5}, "a token is required"),
        ({"token": "x.y.z"}, "the token is malformed"),
        (
            {"token": token(secret="another key of thirty-two bytes..")},
            "the token is signed with another key",
        ),
        ({"token": token(exp=1)}, "the token is expired"),
        ({"token": token(None)}, "the token's userId claim is no text of 1 to 128 characters"),
    ],
)
def test_bad_tokens_are_refused(given: dict[str, Any], reason: str) -> None:
    async def scenario(front: Front) -> None:
        with pytest.raises(Refusal) as caught:
            await EventClient.connect(front, auth=given)
        assert str(caught.value) == f"Authentication error: {reason}"
        with pytest.raises(Refusal, match=r"^Authentication error: "):
            await EventClient.connect(front, auth=given, transport="polling")

    run(scenario, settings=guarded())


def test_without_keys_a_token_is_taken_at_its_word_and_nobody_needs_one() -> None:
    async def scenario(front: Front) -> None:
        ana = await EventClient.connect(front, auth={"token": token(7, secret="x" * 32, name="Ana")})
        await ana.asked("join-room", {"roomId": "room"}, "room-data")
        ben = await EventClient.connect(front)
        data = await ben.asked("join-room", {"roomId": "room"}, "room-data")
        assert data["participantInfo"] == {"7": {"email": "7@example.org", "userId": "7"}}
        assert front.registry.room("room").peers["7"].info.display_name == "Ana"
        await ana.close()
        await ben.close()

    run(scenario)


EARLY = [
    ("create-webrtc-transport", {"roomId": "room", "direction": "send"}),
    ("connect-webrtc-transport", {"direction": "send", "dtlsParameters": DTLS_PARAMETERS}),
    ("set-rtp-capabilities", {"rtpCapabilities": {}}),
    ("create-producer", {"kind": "video", "rtpParameters": vp8()}),
    ("resume-consumer", {"consumerId": "nothing"}),
    ("pause-producer", {"kind": "audio"}),
    ("resume-producer", {"kind": "audio"}),
]


@pytest.mark.parametrize(("event", "data"), EARLY)
def test_events_out_of_order_are_answered_with_one_error(event: str, data: dict[str, Any]) -> None:
    async def scenario(front: Front) -> None:
        ana = await EventClient.connect(front, auth={"token": token()})
        await ana.emit(event, data)
        assert (await ana.heard("error"))["message"] == f"{event}: join a room first"
        await ana.asked("join-room", {"roomId": "room"}, "room-data")
        if event not in ("create-webrtc-transport", "set-rtp-capabilities"):
            await ana.asked(event, data, "error")
        await ana.asked("join-room", {"roomId": "room"}, "error")
        assert ana.names().count("error") == (2 if event in (EARLY[0][0], EARLY[2][0]) else 3)
        await ana.close()

    run(scenario, settings=guarded())


@pytest.mark.parametrize(
    ("event", "data", "reason"),
    [
        ("join-room", {"roomId": ""}, "join-room: Expected `str` of length >= 1 - at `$.roomId`"),
        ("join-room", "room", "join-room: Expected `object`, got `str`"),
        ("join-room", None, "join-room: Object missing required field `roomId`"),
        ("create-webrtc-transport", {"direction": "up"}, "create-webrtc-transport: Invalid enum value 'up'"),
        ("create-producer", {"kind": "smell", "rtpParameters": {}}, "create-producer: Invalid enum value"),
        ("no-such-event", {}, 'unknown event "no-such-event"'),
        ("connect", {}, 'unknown event "connect"'),
    ],
)
def test_malformed_events_are_answered_with_one_error(event: str, data: Any, reason: str) -> None:
    async def scenario(front: Front) -> None:
        ana = await EventClient.connect(front, auth={"token": token()})
        if event != "join-room":
            await ana.asked("join-room", {"roomId": "room"}, "room-data")
        before = len(ana.log)
        assert (await ana.asked(event, data, "error"))["message"].startswith(reason)
        assert len(ana.log) == before + 1
        await ana.close()

    run(scenario, settings=guarded())


def test_one_transport_a_direction_and_those_of_this_room() -> None:
    async def scenario(front: Front) -> None:
        ana = await Participant.enter(front, "ana")
        again = {"roomId": "room", "direction": "send"}
        assert "already" in (await ana.asked("create-webrtc-transport", again, "error"))["message"]
        other = {"roomId": "another", "direction": "recv"}
        assert "another room" in (await ana.asked("create-webrtc-transport", other, "error"))["message"]
        await ana.close()

    run(scenario, settings=guarded())


def test_a_token_may_be_for_one_room() -> None:
    async def scenario(front: Front) -> None:
        ana = await EventClient.connect(front, auth={"token": token(roomId="mine")})
        refusal = await ana.asked("join-room", {"roomId": "yours"}, "error")
        assert refusal == {"message": "join-room: the token is for another roomId"}
        await ana.asked("join-room", {"roomId": "mine"}, "room-data")
        await ana.close()

    run(scenario, settings=guarded())


def test_the_same_user_again_takes_over_and_the_older_does_not_come_back() -> None:
    async def scenario(front: Front) -> None:
        ben = await Participant.enter(front, "ben")
        older = await Participant.enter(front, "ana")
        newer = await Participant.enter(front, "ana")
        assert await older.ended() == "server disconnect"
        await ben.heard("participant-joined")
        await ben.heard("participant-joined")
        assert "participant-left" not in ben.names()
        await newer.close()
        assert await ben.heard("participant-left") == {"participantId": "ana"}
        await older.close()
        await ben.close()

    run(scenario, settings=guarded())


def test_a_protoo_peer_and_a_participant_are_in_one_room() -> None:
    async def scenario(front: Front) -> None:
        cid = await front.member("cid", token=token("cid"))
        await cid.produce("audio", opus())
        ana = await Participant.enter(front, "ana")
        joined = await cid.notified("newPeer")
        assert (joined["id"], joined["displayName"]) == ("ana", "ana@example.org")
        assert await ana.heard("existing-participants") == {"participants": ["cid"]}
        info = (await ana.heard("room-data"))["participantInfo"]
        assert info == {"cid": {"email": "Somebody", "userId": "cid"}}
        assert (await ana.heard("new-consumer"))["participantId"] == "cid"
        await ana.produce("video", 1000, screen=True)
        offered = (await cid.asked("newConsumer"))["data"]
        assert (offered["peerId"], offered["kind"]) == ("ana", "video")
        assert offered["appData"] == {"peerId": "ana", "screen": True, "share": True}
        await ana.emit("pause-producer", {"kind": "screen-video"})
        assert await cid.notified("consumerPaused") == {"consumerId": offered["id"]}
        await cid.close()
        assert await ana.heard("participant-left") == {"participantId": "cid"}
        await ana.close()

    run(scenario, settings=guarded())


def test_whoever_has_to_come_back_loses_the_connection_and_not_only_the_namespace() -> None:
    """Clients of Socket.IO connect again after the one, and not after the other."""

    async def scenario(front: Front) -> None:
        ana, ben = await Participant.enter(front, "ana"), await Participant.enter(front, "ben")
        polling = await Participant.enter(front, "cid", transport="polling")
        room = front.registry.room("room")
        room.remove(room.peers["ana"], CloseCause.REMOVED, "an operator")
        assert await ana.ended() == "server disconnect"
        front.registry.close_room("room", "the worker died")
        assert await ben.ended() in ("transport close", "transport error")
        assert await polling.ended()  # a packet of Engine.IO, for which this library has no reason of its own
        await polling.close()
        await ben.close()
        await ana.close()

    run(scenario, settings=guarded())
