"""Making and finding broadcasters, and who may."""

from __future__ import annotations

from typing import Any

import jwt
import pytest

from mediad.rooms.limits import RoomLimits
from mediad.rooms.observer import RoomObserver
from mediad.signaling.access import Access, AccessRules
from mediad.signaling.app import SignalingSettings
from mediad.signaling.http.broadcaster import Broadcaster
from mediad.signaling.server.input_budget import InputLimits
from tests.support import demo_b_client
from tests.support.broadcasting import DEVICE, Owner, ask
from tests.support.rtp_samples import opus, vp8
from tests.support.signaling import Front, eventually, front_state, run, said
from tests.support.tokens import signed_with

SHOWN = {"flag": "broadcaster", **DEVICE}


def test_capabilities_of_a_room_for_apps_of_both_dialects() -> None:
    async def scenario(running: Front) -> None:
        assert (await ask(running, "GET", "/rooms/room")).status == 404
        ana = await running.member("ana")
        answer = await ask(running, "GET", "/rooms/room")
        assert answer.status == 200
        assert answer.data == ana.capabilities
        assert running.registry.room_count == 1

    run(scenario)


def test_what_means_nothing_in_capabilities_is_not_kept() -> None:
    async def scenario(running: Front) -> None:
        ana = await running.member("ana")
        given = {**ana.capabilities, "novel": [[]] * 10_000}
        assert (await Owner(running, "cam").create_in_a(rtpCapabilities=given)).status == 200
        listener = running.registry.room("room").peers["cam"].listener
        assert isinstance(listener, Broadcaster)
        assert len(listener.capabilities or b"") < 10_000

    run(scenario)


def test_a_broadcaster_of_dialect_a_is_a_peer_at_once() -> None:
    async def scenario(running: Front) -> None:
        ana, bea = await running.member("ana"), await demo_b_client.member(running, "bea")
        answer = await Owner(running, "cam").create_in_a()
        assert (answer.status, answer.data) == (200, {"peers": []})
        assert await ana.notified("newPeer") != {}
        shown = {"id": "cam", "displayName": "Camera", "device": SHOWN}
        assert shown in [frame["data"] for frame in ana.log if frame.get("method") == "newPeer"]
        assert (await bea.notified("newPeer"))["peer"]["device"]["flag"] == "broadcaster"
        dan = await running.connect("dan")
        assert shown in (await dan.join())["peers"]
        assert (await Owner(running, "cam").delete()).text == "broadcaster deleted"
        assert await ana.notified("peerClosed") == {"peerId": "cam"}

    run(scenario)


def test_with_capabilities_it_is_told_what_it_could_receive() -> None:
    async def scenario(running: Front) -> None:
        ana = await running.member("ana")
        audio, _ = await ana.produce("audio", opus()), await ana.produce("video", vp8())
        listening = {
            **ana.capabilities,
            "codecs": [codec for codec in ana.capabilities["codecs"] if codec["kind"] == "audio"],
        }
        answer = await Owner(running, "cam").create_in_a(listening)
        (peer,) = answer.data["peers"]
        assert (peer["id"], peer["producers"]) == ("ana", [{"id": audio, "kind": "audio"}])

    run(scenario)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"id": ""}, "missing body.id"),
        ({"id": 7}, "Expected `str`"),
        ({"id": "x" * 129}, "body.id is limited to 128 characters"),
        ({"displayName": ""}, "missing body.displayName"),
        ({"device": {}}, "missing body.device.name"),
        ({"rtpCapabilities": "all"}, "wrong body.rtpCapabilities"),
        ({"rtpCapabilities": {"codecs": 7}}, "wrong body.rtpCapabilities"),
    ],
)
def test_what_is_wrong_with_a_body_is_said(change: dict[str, Any], text: str) -> None:
    async def scenario(running: Front) -> None:
        await running.member("ana")
        answer = await Owner(running, "cam").create_in_a(**change)
        assert answer.status == 400
        assert answer.text.startswith(text)
        assert len(running.registry.room("room").peers) == 1

    run(scenario)


def test_names_are_taken_once_in_dialect_a() -> None:
    async def scenario(running: Front) -> None:
        ana, cam = await running.member("ana"), Owner(running, "cam")
        await cam.create_in_a()
        again = await cam.create_in_a()
        assert (again.status, again.text) == (500, 'broadcaster with id "cam" already exists')
        taken = await Owner(running, "ana").create_in_a()
        assert (taken.status, taken.text) == (500, 'peer with id "ana" already exists')
        await ana.sync()

    run(scenario)


def test_a_broadcaster_of_dialect_b_joins_when_it_is_told_to() -> None:
    async def scenario(running: Front) -> None:
        ana, cam = await demo_b_client.member(running, "ana"), Owner(running, "cam")
        created = await cam.create_in_b()
        assert (created.status, created.text) == (201, "BroadcasterPeer created")
        assert created.headers["location"] == "/rooms/room/broadcasters/cam"
        await ana.sync()
        assert "newPeer" not in ana.methods()
        assert (await cam.post("/join")).status == 200
        assert (await ana.notified("newPeer"))["peer"]["peerId"] == "cam"
        again = await cam.post("/join")
        assert (again.status, again.text) == (409, "Peer already joined")
        deleted = await cam.delete()
        assert (deleted.status, deleted.text) == (204, "")
        assert await ana.notified("peerClosed") == {"peerId": "cam"}
        assert (await cam.delete()).status == 404

    run(scenario)


def test_a_broadcaster_of_dialect_b_replaces_whoever_has_its_id() -> None:
    async def scenario(running: Front) -> None:
        await running.member("zoe")
        ana, cam = await running.member("cam"), Owner(running, "cam")
        assert (await cam.create_in_b()).status == 201
        assert await ana.closed() == 4000
        assert (await cam.create_in_b()).status == 201
        back = await running.member("cam")
        assert (await cam.post("/join")).status == 404
        await back.sync()

    run(scenario)


def test_broadcasters_keep_no_room_open() -> None:
    async def scenario(running: Front) -> None:
        ana, cam = await running.member("ana"), Owner(running, "cam")
        await cam.create_in_a()
        await cam.post("/transports", {"type": "webrtc"})
        await ana.close()
        await eventually(lambda: running.registry.room_count == 0)
        await eventually(running.worker.is_empty)
        missing = await cam.create_in_a()
        assert (missing.status, missing.text) == (404, 'room with id "room" not found')
        await running.member("ben")
        assert (await cam.post("/transports", {"type": "webrtc"})).status == 404

    run(scenario)


def test_people_are_no_broadcasters() -> None:
    async def scenario(running: Front) -> None:
        ana = await running.member("ana")
        assert (await Owner(running, "ana").delete()).status == 404
        await ana.sync()

    run(scenario)


def test_tokens_and_origins_are_judged() -> None:
    secret = "a secret of thirty-two characters"

    def token(**claims: str) -> str:
        return "Bearer " + jwt.encode(claims, secret, algorithm="HS256")

    async def scenario(running: Front) -> None:
        query = {"token": jwt.encode({}, secret, algorithm="HS256")}
        await running.member("ana", **query)
        cam = Owner(running, "cam")
        body = {"id": "cam", "displayName": "Camera", "device": DEVICE}
        for method, path, data in (
            ("GET", "/rooms/room", None),
            ("POST", cam.all, body),
            ("DELETE", f"{cam.all}/cam", None),
        ):
            assert (await ask(running, method, path, data)).status == 401
            stranger = token(roomId="another")
            assert (await ask(running, method, path, data, Authorization=stranger)).status == 401
        other = token(roomId="room", peerId="ana")
        assert (await ask(running, "POST", cam.all, body, Authorization=other)).status == 401
        assert (await ask(running, "GET", "/rooms/room", Authorization=other)).status == 200
        own = token(roomId="room", peerId="cam")
        foreign = {"Authorization": own, "Origin": "https://evil.example"}
        refused = await ask(running, "POST", cam.all, body, **foreign)
        assert (refused.status, list(running.registry.room("room").peers)) == (403, ["ana"])
        assert (await ask(running, "POST", cam.all, body, Authorization=own)).status == 200

    rules = AccessRules(signed_with(secret), origins=("https://good.example",))
    run(scenario, settings=SignalingSettings(access=Access(rules)))


def test_who_is_not_let_in_is_reported() -> None:
    told: list[tuple[str, ...]] = []

    class Ear(RoomObserver):
        def refused(self, room_id: str, peer_id: str, kind: str, reason: str) -> None:
            told.append((room_id, peer_id, kind))

    async def scenario(running: Front) -> None:
        await Owner(running, "cam").create_in_a()
        await Owner(running, "cam").delete()
        assert told == [("room", "cam", "unauthorized")] * 2

    rules = AccessRules(signed_with("a secret of thirty-two characters"))
    run(scenario, settings=SignalingSettings(access=Access(rules)), observer=Ear())


def test_limits_count_broadcasters() -> None:
    async def scenario(running: Front) -> None:
        await running.member("ana")
        for peer_id, status in (("cam", 200), ("cam2", 503)):
            answer = await Owner(running, peer_id).create_in_a()
            assert answer.status == status
        assert answer.text == "the limit room_peers is reached, 2 of 2: the room is full"

    run(scenario, limits=RoomLimits(peers_per_room=2))


def test_requests_that_make_something_cost_what_others_cost() -> None:
    """A client can make and delete broadcasters for ever: shares of tables do not bound that."""

    async def scenario(running: Front) -> None:
        await running.member("ana")
        body = '{"id": "cam", "displayName": "cam", "device": {"name": "x"}}'
        head = (
            "POST /rooms/room/broadcasters HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        )
        request = f"{head}Content-Length: {len(body)}\r\n\r\n{body}"
        answers = await said(running, (request * 500).encode())
        assert b"429 Too Many Requests" in answers
        assert 10 <= answers.count(b"HTTP/1.1 ") < 200

    limits = InputLimits(burst_us=10_000, per_s_us=10_000, patience_s=0.3)
    run(scenario, front_state=front_state(input=limits))
