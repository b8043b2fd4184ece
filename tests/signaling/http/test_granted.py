"""Grants of tokens over HTTP, with and without their peers in the room."""

from __future__ import annotations

from mediad.rooms.grants import ALL, Grants
from mediad.rooms.options import RoomOptions
from mediad.rooms.regrant import regrant
from mediad.signaling.access import Admitted
from mediad.signaling.http.granted import granted
from mediad.tokens.claims import Meaning
from tests.support.calls import Call, run


def admitted(peer_id: str | None, grants: Grants) -> Admitted:
    meaning = Meaning(grants=grants, room_options=RoomOptions(), room_id="room", peer_id=peer_id)
    return Admitted(grants=grants, meaning=meaning)


def test_without_a_token_or_a_room_nothing_is_less_than_it_says() -> None:
    async def scenario(call: Call) -> None:
        assert granted(call.registry, "room", Admitted()) is ALL
        mine = Grants(record=True)
        for who in ("ana", None):
            assert granted(call.registry, "room", admitted(who, mine)) is mine

    run(scenario)


def test_what_is_withdrawn_from_the_peer_is_withdrawn_over_http_too() -> None:
    async def scenario(call: Call) -> None:
        ana, _ = await call.member("ana"), await call.member("ben")
        regrant(ana.seat.room, ana.seat.peer, {"subscribe": False, "record": False})
        for _ in range(2):
            found = granted(call.registry, "room", admitted("ana", Grants(record=True)))
            assert (found.subscribe, found.record) == (False, False)
            ana.disconnect()
        assert granted(call.registry, "room", admitted("ben", Grants(record=True))) == Grants(record=True)

    run(scenario)


def test_a_right_to_record_that_an_operator_gave() -> None:
    async def scenario(call: Call) -> None:
        ana, _ = await call.member("ana", grants=Grants()), await call.member("ben")
        mine = admitted("ana", Grants())
        assert not granted(call.registry, "room", mine).record
        regrant(ana.seat.room, ana.seat.peer, {"record": True})
        assert granted(call.registry, "room", mine).record
        ana.disconnect()
        assert not granted(call.registry, "room", mine).record, "it ends with the connection"

    run(scenario)
