"""The report of limits: every one of the catalogue, with figures read where they are kept."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

from mediad.budgets.budgets import Budgets
from mediad.budgets.catalogue import LIMITS, WORKER_CAPS
from mediad.budgets.holders import holders_at
from mediad.pipe.worker_stats import WorkerStats
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
        assert sorted(found) == sorted([*LIMITS, *WORKER_CAPS])
        assert figures(found["connections"]) == (5, 200, 2.5, "")
        assert figures(found["address_connections"]) == (5, 10, 50.0, ADDRESS)
        assert figures(found["rooms"]) == (1, 4, 25.0, "")
        assert figures(found["peers"]) == (2, 8, 25.0, "")
        assert figures(found["room_peers"])[:3] == (2, 3, 66.7)
        assert figures(found["address_rooms"])[:3] == (1, 2, 50.0)
        assert figures(found["http_requests"]) == (5000, 40_000, 12.5, ADDRESS)
        assert found["http_requests"]["perSecond"] == 2000
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


def test_what_workers_refuse_by_themselves_is_added_up() -> None:
    def report_of(counters: dict[str, int], dropped: dict[str, int]) -> WorkerStats:
        return cast(WorkerStats, SimpleNamespace(counters=counters, dropped=dropped))

    async def main() -> None:
        budgets, call = Budgets(), Call()
        limits = LimitsReport(budgets, Admissions(1, 1), call.registry, FrontState(budgets=budgets))
        first = report_of({"tcp_refused_full": 1, "tcp_refused_address": 2, "tcp_accepted": 9}, {})
        second = report_of({"tcp_refused_full": 4}, {"dtls_no-permit": 5, "dtls_address_budget": 6, "x": 7})
        rows = {row["name"]: row for row in limits.rows([first, second])}
        assert (rows["media_tcp"]["refused"], rows["dtls_handshakes"]["refused"]) == (7, 11)
        assert rows["media_tcp"]["setting"] == "rtc_tcp_connections_per_address"

    asyncio.run(main())
