"""The report of all limits: how near who is to each, and how often it refused somebody."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from mediad.budgets.budgets import Budgets
from mediad.budgets.catalogue import CAPS, LIMITS, RATES, WORKER_CAPS
from mediad.budgets.holdings import Holdings
from mediad.pipe.worker_stats import WorkerStats
from mediad.rooms.limits import RoomLimits
from mediad.rooms.registry import RoomRegistry
from mediad.signaling.server.client_connection import FrontState
from mediad.supervisor.front.admissions import Admissions

_HANDSHAKES_REFUSED = ("dtls_no-permit", "dtls_address_budget")
_SITE = "::/48"
_SITE_TIMES = 16
"""The number of times what an address may have that the site around it may."""


@dataclass(frozen=True, slots=True)
class Nearest:
    """The holder that is nearest to a limit; "" where it is of the node."""

    current: float
    maximum: float
    holder: str = ""


class LimitsReport:
    """Reads the limits where they are kept, when it is asked."""

    def __init__(
        self,
        budgets: Budgets,
        admissions: Admissions,
        registry: RoomRegistry,
        front: FrontState,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._budgets = budgets
        self._admissions = admissions
        self._registry = registry
        self._front = front
        self._now_s = now_s

    def rows(self, reports: Iterable[WorkerStats] = ()) -> list[dict[str, Any]]:
        """Return all limits, the nearest first; those whose figures nobody keeps have none.

        `reports` are those of the workers, which count what they refuse by themselves.
        """
        rows = [self._row(name) for name in LIMITS] + [_worker_row(name, reports) for name in WORKER_CAPS]
        return sorted(rows, key=lambda row: -(row["usedPercent"] or 0))

    def _row(self, name: str) -> dict[str, Any]:
        limit = LIMITS[name]
        nearest = self._rate(name) if name in RATES else self._cap(name)
        bounded = nearest is not None and nearest.maximum > 0
        return {
            "name": name,
            "counts": limit.counts,
            "current": round(nearest.current) if nearest else None,
            "holder": nearest.holder if nearest else "",
            "maximum": round(nearest.maximum) if nearest and bounded else None,
            "perSecond": self._budgets.rate(name)[0] if name in RATES else None,
            "usedPercent": round(100 * nearest.current / nearest.maximum, 1) if nearest and bounded else None,
            "refused": self._budgets.refused[name],
            "setting": limit.setting,
        }

    def _rate(self, name: str) -> Nearest:
        _, burst = self._budgets.rate(name)
        holder, used = self._budgets.nearest(name, self._now_s()) or ("", 0.0)
        return Nearest(used, burst, holder)

    def _cap(self, name: str) -> Nearest | None:
        assert name in CAPS
        registry, admissions, ledger = self._registry, self._admissions, self._front.ledger
        limits, census = registry.limits, registry.census
        readers: dict[str, Callable[[], Nearest]] = {
            "connections": lambda: Nearest(admissions.count, admissions.limit),
            "address_connections": lambda: _most(admissions.of_address, admissions.per_address),
            "front_memory": lambda: Nearest(ledger.held_bytes / 1024, ledger.limit_bytes / 1024),
            "rooms": lambda: Nearest(registry.room_count, limits.rooms),
            "address_rooms": lambda: _most(census.rooms_of, limits.rooms_per_address),
            "peers": lambda: Nearest(census.peers, limits.peers),
            "room_peers": lambda: _largest_room(registry, limits),
            "address_peers": lambda: _most(census.peers_of, limits.peers_per_address),
            "peer_transports": lambda: _busiest_peer(registry, limits.transports_per_peer, "transports"),
            "peer_producers": lambda: _busiest_peer(registry, limits.producers_per_peer, "producers"),
            "worker_shares": lambda: _fullest_table(registry),
        }
        reader = readers.get(name)
        return None if reader is None else reader()


def _worker_row(name: str, reports: Iterable[WorkerStats]) -> dict[str, Any]:
    limit = WORKER_CAPS[name]
    if name == "media_tcp":
        refused = sum(
            count
            for report in reports
            for counter, count in report.counters.items()
            if counter.startswith("tcp_refused")
        )
    else:
        refused = sum(report.dropped.get(reason, 0) for report in reports for reason in _HANDSHAKES_REFUSED)
    figures = dict.fromkeys(("current", "maximum", "perSecond", "usedPercent"))
    return {
        "name": name,
        "counts": limit.counts,
        "holder": "",
        **figures,
        "refused": refused,
        "setting": limit.setting,
    }


def _most(holdings: Holdings, maximum: int) -> Nearest:
    """Return the holder of most; a site may have more than an address."""
    found = [
        Nearest(count, maximum * (_SITE_TIMES if holder.endswith(_SITE) else 1), holder)
        for holder, count in holdings.most_of(64)
    ]
    return max(found, key=lambda one: one.current / (one.maximum or 1), default=Nearest(0, maximum))


def _largest_room(registry: RoomRegistry, limits: RoomLimits) -> Nearest:
    room = max(registry.rooms(), key=lambda room: len(room.peers), default=None)
    if room is None:
        return Nearest(0, limits.peers_per_room)
    return Nearest(len(room.peers), limits.peers_per_room, f"room {room.id}")


def _busiest_peer(registry: RoomRegistry, maximum: int, what: str) -> Nearest:
    counts = (
        (peer.producer_count() if what == "producers" else peer.webrtc_transport_count(), room.id, peer.id)
        for room in registry.rooms()
        for peer in room.peers.values()
    )
    count, room_id, peer_id = max(counts, default=(0, "", ""))
    return Nearest(count, maximum, f"peer {peer_id} in {room_id}" if count else "")


def _fullest_table(registry: RoomRegistry) -> Nearest:
    tables = [
        (table.used / table.capacity, table.used, table.capacity, f"{table.name} of worker {stock.worker_id}")
        for stock in registry.stocks.all()
        for table in stock.tables.values()
    ]
    _, used, capacity, name = max(tables, default=(0.0, 0, 0, ""))
    return Nearest(used, capacity, name)
