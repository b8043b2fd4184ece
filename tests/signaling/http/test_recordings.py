"""Recordings over HTTP: who may, what they get, and what is refused."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import jwt
import pytest

from mediad.rooms.options import RoomOptions
from mediad.rooms.registry import RoomRegistry
from mediad.signaling.access import Access, AccessRules
from mediad.signaling.app import SignalingSettings
from mediad.supervisor.recording.recordings import Recordings
from tests.support.broadcasting import ask
from tests.support.recorders import recordings_of
from tests.support.signaling import Front, eventually, run
from tests.support.tokens import signed_with

ROOM = "/rooms/room/recordings"
SECRET = "s" * 32


def served(tmp_path: Path, scenario: Callable[[Front], Coroutine[Any, Any, None]], **options: Any) -> None:
    """Play a scenario at a front that can record."""

    def recorder(registry: RoomRegistry) -> Recordings:
        return recordings_of(registry, tmp_path)

    run(scenario, recorder=recorder, **options)


def test_a_room_is_recorded_from_its_post_to_its_delete(tmp_path: Path) -> None:
    async def scenario(running: Front) -> None:
        await running.member("ana")
        begun = await ask(running, "POST", ROOM)
        assert begun.status == 201
        id_ = begun.data["recordingId"]
        assert begun.headers["location"].lower() == f"{ROOM}/{id_}".lower()
        listed = await ask(running, "GET", ROOM)
        assert [one["recordingId"] for one in listed.data["recordings"]] == [id_]
        ended = await ask(running, "DELETE", f"{ROOM}/{id_}")
        assert [one["state"] for one in ended.data["recordings"]] == ["ended"]
        assert (await ask(running, "GET", ROOM)).data == {"recordings": []}

    served(tmp_path, scenario)


def test_one_peer_in_a_container_of_choice_and_all_ended_at_once(tmp_path: Path) -> None:
    async def scenario(running: Front) -> None:
        await running.member("ana")
        begun = await ask(running, "POST", ROOM, {"peerId": "ana", "format": "webm"})
        assert (begun.data["peerId"], begun.data["format"]) == ("ana", "webm")
        assert (await ask(running, "POST", ROOM)).status == 201
        assert len((await ask(running, "DELETE", ROOM)).data["recordings"]) == 2

    served(tmp_path, scenario)


def test_nothing_of_this_machine_is_told(tmp_path: Path) -> None:
    async def scenario(running: Front) -> None:
        await running.member("ana")
        for answer in (await ask(running, "POST", ROOM), await ask(running, "DELETE", ROOM)):
            assert str(tmp_path) not in answer.text
            assert '"pid"' not in answer.text

    served(tmp_path, scenario)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/rooms/elsewhere/recordings", {}, 404),
        ("GET", "/rooms/elsewhere/recordings", None, 404),
        ("DELETE", ROOM, None, 404),
        ("DELETE", f"{ROOM}/r1", None, 404),
        ("POST", ROOM, {"peerId": "nobody"}, 404),
        ("POST", ROOM, {"format": "avi"}, 400),
        ("POST", ROOM, {"peerId": 7}, 400),
        ("POST", ROOM, [], 400),
        ("POST", ROOM, {"directory": "/etc"}, 201),  # not a word of this API: ignored
    ],
)
def test_refusals(tmp_path: Path, method: str, path: str, body: Any, status: int) -> None:
    async def scenario(running: Front) -> None:
        await running.member("ana")
        assert (await ask(running, method, path, body)).status == status

    served(tmp_path, scenario)


def test_what_is_recorded_already_is_a_conflict(tmp_path: Path) -> None:
    async def scenario(running: Front) -> None:
        await running.member("ana")
        assert (await ask(running, "POST", ROOM)).status == 201
        assert (await ask(running, "POST", ROOM)).status == 409

    served(tmp_path, scenario)


def test_without_recordings_nothing_can_be_recorded() -> None:
    async def scenario(running: Front) -> None:
        await running.member("ana")
        assert (await ask(running, "POST", ROOM)).status == 500

    run(scenario)


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"mayRecord": True}, 201),
        ({"mayRecord": True, "roomId": "room"}, 201),
        ({"mayRecord": True, "roomId": "other"}, 401),
        ({"mayRecord": 1}, 401),
        ({}, 403),
        ({"record": True}, 403),
        (None, 401),
    ],
)
def test_a_token_must_give_the_right(tmp_path: Path, claims: dict[str, Any] | None, status: int) -> None:
    async def scenario(running: Front) -> None:
        await running.member("ana", token=jwt.encode({"roomId": "room"}, SECRET))
        query = "" if claims is None else f"?token={jwt.encode(claims, SECRET)}"
        assert (await ask(running, "POST", ROOM + query)).status == status

    served(tmp_path, scenario, settings=SignalingSettings(access=Access(AccessRules(signed_with(SECRET)))))


def test_pages_of_other_origins_may_not(tmp_path: Path) -> None:
    async def scenario(running: Front) -> None:
        await running.member("ana")
        assert (await ask(running, "POST", ROOM, Origin="https://evil.example")).status == 403

    served(tmp_path, scenario, settings=SignalingSettings(access=Access(AccessRules(origins=()))))


@pytest.mark.parametrize(
    ("claims", "wanted"),
    [
        ({"record": True}, RoomOptions(record=True)),
        ({"record": "mp4"}, RoomOptions(record=True, record_format="mp4")),
        ({"record": False}, RoomOptions()),
        ({}, RoomOptions()),
    ],
)
def test_a_token_may_have_the_room_recorded(claims: dict[str, Any], wanted: RoomOptions) -> None:
    async def scenario(running: Front) -> None:
        told: list[tuple[str, RoomOptions]] = []
        running.registry.on_options = lambda room_id, options: told.append((room_id, options))
        await running.connect("ana", token=jwt.encode(claims, SECRET))
        await eventually(lambda: told)
        assert told == [("room", wanted)]

    run(scenario, settings=SignalingSettings(access=Access(AccessRules(signed_with(SECRET)))))


def test_without_keys_a_token_has_nothing_recorded() -> None:
    async def scenario(running: Front) -> None:
        told: list[RoomOptions] = []
        running.registry.on_options = lambda room_id, options: told.append(options)
        await running.connect("ana", token=jwt.encode({"record": True}, SECRET))
        await eventually(lambda: told)
        assert told == [RoomOptions()]

    run(scenario)
