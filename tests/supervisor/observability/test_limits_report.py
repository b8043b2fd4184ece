"""The report of limits: every one of the catalogue, with figures read where they are kept."""

from __future__ import annotations

import asyncio
from typing import Any

from mediad.budgets.budgets import Budgets
from mediad.budgets.catalogue import LIMITS
from mediad.budgets.holders import holders_at
from mediad.rooms.limits import RoomLimits
from mediad.signaling.server.client_connection import FrontState
from mediad.supervisor.front.admissions import Admissions
from mediad.supervisor.observability.limits_report import LimitsReport
from tests.support.calls import Call

ADDRESS = "192.0.2.7"


def report(call: Call, budgets: Budgets) -> dict[str, dict[str, Any]]:
    admissions = Admissions(200, 10, budgets)
    for _ in range(5):
        admissions.admit(ADDRESS, 0.0)
    rows = LimitsReport(
        budgets, admissions, call.registry, FrontState(budgets=budgets), now_s=lambda: 0.0
    ).rows()
    used = [row["usedPercent"] or 0 for row in rows]
    assert used == sorted(used, reverse=True)
    return {row["name"]: row for row in rows}


def figures(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["current"], row["maximum"], row["usedPercent"], row["holder"]


def test_all_limits_are_there_with_the_holder_that_is_nearest() -> None:
    async def main() -> None:
        budgets = Budgets()
        limits = RoomLimits(rooms=4, peers=8, peers_per_room=3, rooms_per_address=2, budgets=budgets)
        call = Call(limits=limits)
        await call.connect("ana", room_id="a")
        await call.connect("ben", room_id="a")
        budgets.spend("http_requests", holders_at(ADDRESS), 0.0, 5000)
        budgets.refused["http_requests"] = 3
        found = report(call, budgets)
        assert sorted(found) == sorted(LIMITS)
        assert figures(found["connections"]) == (5, 200, 2.5, "")
        assert figures(found["address_connections"]) == (5, 10, 50.0, ADDRESS)
        assert figures(found["rooms"]) == (1, 4, 25.0, "")
        assert figures(found["peers"]) == (2, 8, 25.0, "")
        assert figures(found["room_peers"])[:3] == (2, 3, 66.7)
        assert figures(found["address_rooms"])[:3] == (1, 2, 50.0)
        assert figures(found["http_requests"]) == (5000, 20_000, 25.0, ADDRESS)
        assert found["http_requests"]["perSecond"] == 1000
        assert found["http_requests"]["refused"] == 3
        assert found["worker_shares"]["maximum"] == 8192
        assert found["connection_input"]["usedPercent"] is None
        assert found["joins"]["setting"] == "max_joins_per_s"
        await call.registry.close()

    asyncio.run(main())


def test_a_node_without_anybody_is_near_to_nothing() -> None:
    async def main() -> None:
        rows = report(Call(), Budgets())
        assert rows["address_rooms"]["maximum"] is None  # no limit was set
        assert rows["room_peers"]["current"] == 0

    asyncio.run(main())
