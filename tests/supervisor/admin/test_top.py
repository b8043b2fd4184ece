"""Pictures of the node: sums, order, and how much of it."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from mediad.errors import InvalidInput, Unavailable
from mediad.supervisor.admin import top
from mediad.supervisor.observability.status import Status
from tests.support.admin_calls import stream
from tests.support.calls import Call
from tests.support.loops import on_loop, raises


class FixedStatus:
    def health(self) -> dict[str, Any]:
        return {"status": "ok"}

    def workers(self) -> dict[str, Any]:
        return {"workers": [{"workerId": 0}]}


async def a_busy_node() -> Call:
    """Room a: ana sends 100 and gets 10, ben sends 900. Room b: cid sends 50."""
    call = Call()
    flows = {"ana": (100, 10), "ben": (900, 0), "cid": (50, 0)}
    for (peer_id, (received, sent)), room_id in zip(flows.items(), "aab", strict=True):
        guest = await call.member(peer_id, room_id=room_id)
        call.worker.flows[guest.sending] = {"recvBitrate": received, "sendBitrate": 0}
        call.worker.flows[guest.receiving] = {"recvBitrate": 0, "sendBitrate": sent}
    return call


@on_loop
async def test_the_busiest_come_first() -> None:
    call = await a_busy_node()
    (picture,) = await stream(top.table(cast(Status, FixedStatus()), call.registry), "top", count=1)
    assert (picture["status"], picture["workers"]) == ("ok", [{"workerId": 0}])
    assert (picture["rooms"], picture["peers"]) == (2, 3)
    assert (picture["recvBitrate"], picture["sendBitrate"]) == (1050, 10)
    assert [(room["roomId"], room["recvBitrate"]) for room in picture["busiest"]] == [("a", 1000), ("b", 50)]
    assert [member["peerId"] for member in picture["busiest"][0]["members"]] == ["ben", "ana"]


@pytest.mark.parametrize(
    ("limit", "members"), [(1, [["ben"]]), (2, [["ben", "ana"], []]), (3, [["ben", "ana"], ["cid"]])]
)
@on_loop
async def test_no_more_than_asked_for(limit: int, members: list[list[str]]) -> None:
    call = await a_busy_node()
    picture = await top.picture(call.registry.rooms(), limit)
    assert [[member["peerId"] for member in room["members"]] for room in picture["busiest"]] == members
    assert (picture["rooms"], picture["peers"], picture["recvBitrate"]) == (2, 3, 1050)


@on_loop
async def test_a_silent_worker_is_no_reason_to_show_nothing() -> None:
    call = await a_busy_node()
    call.worker.failures["router.stats"] = Unavailable("overloaded")
    picture = await top.picture(call.registry.rooms(), 10)
    assert [room["recvBitrate"] for room in picture["busiest"]] == [None, None]
    assert picture["recvBitrate"] == 0


@on_loop
async def test_as_many_pictures_as_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    table = top.table(cast(Status, FixedStatus()), Call().registry)
    slept: list[float] = []

    async def sleep(interval_s: float) -> None:
        slept.append(interval_s)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    assert len(await stream(table, "top", count=3, intervalS=7)) == 3
    assert slept == [7, 7]


@on_loop
async def test_what_makes_no_sense_is_refused() -> None:
    table = top.table(cast(Status, FixedStatus()), Call().registry)
    for data in ({"intervalS": 0.1}, {"count": 0}, {"limit": 10**6}):
        await raises(InvalidInput, stream(table, "top", **data))
