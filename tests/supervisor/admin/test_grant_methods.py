"""An operator changes what a peer may do."""

from __future__ import annotations

from typing import Any

import pytest

from mediad.errors import InvalidInput, NotFound
from mediad.rooms.grants import ALL
from mediad.supervisor.admin.grant_methods import table
from mediad.supervisor.admin.room_methods import RoomMethods
from tests.support.admin_calls import ask
from tests.support.calls import Call
from tests.support.loops import on_loop, raises
from tests.support.rtp_samples import opus

NOW_S = 1_700_000_000.0


async def grant(call: Call, **changes: Any) -> Any:
    methods = table(call.registry, lambda: NOW_S)
    return await ask(methods, "peer.grant", roomId="room", peerId="ana", **changes)


@on_loop
async def test_what_is_withdrawn_ends_and_is_shown() -> None:
    call = Call()
    ana, _ = await call.member("ana"), await call.member("ben")
    await ana.produce("audio", opus())
    reply = await grant(call, publish="off", maxConsumers="2")
    assert reply == {"roomId": "room", "peerId": "ana", "grants": {"publish": False, "maxConsumers": 2}}
    assert ana.seat.peer.producers() == []
    shown = RoomMethods(call.registry).table()
    assert (await ask(shown, "peer.show", roomId="room", peerId="ana"))["grants"] == reply["grants"]
    room = await ask(shown, "room.show", roomId="room")
    assert [peer["grants"] for peer in room["peers"]] == [reply["grants"], {}]


@pytest.mark.parametrize(
    ("asked", "field", "value"),
    [
        ({"publish": "off"}, "publish", False),
        ({"subscribe": "off"}, "subscribe", False),
        ({"data": "off"}, "publish_data", False),
        ({"admin": "off"}, "admin", False),
        ({"record": "off"}, "record", False),
        ({"sources": "mic,share"}, "sources", frozenset({"mic", "share"})),
        ({"sources": ""}, "sources", frozenset()),
        ({"codecs": "Audio/Opus,video/VP8"}, "codecs", frozenset({"audio/opus", "video/vp8"})),
        ({"maxBitrateKbps": "500"}, "max_bitrate_bps", 500_000),
        ({"maxProducers": "1"}, "max_producers", 1),
        ({"ttlS": "60"}, "expires_at_s", NOW_S + 60),
    ],
)
@on_loop
async def test_each_grant_is_withdrawn_and_given_back(asked: dict[str, str], field: str, value: Any) -> None:
    call = Call()
    ana = await call.member("ana")
    await grant(call, **asked)
    assert ana.seat.peer.grants == ALL.changed(**{field: value})
    back = {"off": "on"}.get(*asked.values()) or ("all" if field in ("sources", "codecs") else "none")
    await grant(call, **dict.fromkeys(asked, back))
    assert ana.seat.peer.grants == ALL


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({}, "nothing to change"),
        ({"publish": "maybe"}, "publish"),
        ({"maxProducers": "-1"}, "maxProducers"),
        ({"maxBitrateKbps": "0"}, "0 is no bitrate"),
        ({"codecs": "vp8"}, "expected one such as video/vp8"),
        ({"ttlS": "soon"}, "ttlS"),
    ],
)
@on_loop
async def test_what_makes_no_sense_changes_nothing(asked: dict[str, str], reason: str) -> None:
    call = Call()
    ana = await call.member("ana")
    assert reason in await raises(InvalidInput, grant(call, **asked))
    assert ana.seat.peer.grants == ALL


@on_loop
async def test_who_is_not_there() -> None:
    call = Call()
    await raises(NotFound, grant(call, publish="off"))
    await call.member("ben")
    assert "ana" in await raises(NotFound, grant(call, publish="off"))
