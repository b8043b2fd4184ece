"""The stream behind `mediactl top`: the node every few seconds, the busiest rooms and peers first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Annotated, Any

import msgspec

from mediad.rooms.registry import RoomRegistry
from mediad.rooms.room import Room
from mediad.supervisor.admin import traffic
from mediad.supervisor.admin.methods import Table, read
from mediad.supervisor.admin.traffic import TransportStats
from mediad.supervisor.observability.status import Status


class Wanted(msgspec.Struct, rename="camel"):
    interval_s: Annotated[float, msgspec.Meta(ge=0.5, le=3600)] = 2.0
    count: Annotated[int, msgspec.Meta(ge=1)] | None = None
    """Items until the stream ends; None for no end."""
    limit: Annotated[int, msgspec.Meta(ge=1, le=2000)] = 200
    """Rooms in an item, and peers in all of them together."""


def table(status: Status, registry: RoomRegistry) -> Table:
    async def top(data: dict[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
        wanted = read(data, Wanted)
        left = wanted.count
        while True:
            yield {**_node(status), **await picture(registry.rooms(), wanted.limit)}
            if left is not None:
                left -= 1
                if left == 0:
                    return
            await asyncio.sleep(wanted.interval_s)

    return {"top": top}


async def picture(rooms: list[Room], limit: int) -> dict[str, Any]:
    """Sums over all rooms, and the `limit` busiest rooms with no more than `limit` of their peers."""
    flows = await traffic.of_rooms(rooms)
    entries = sorted((_room(room, flows[room.id]) for room in rooms), key=_load, reverse=True)
    total = {name: sum(entry[name] or 0 for entry in entries) for name in ("recvBitrate", "sendBitrate")}
    shown, left = entries[:limit], limit
    for entry in shown:
        del entry["members"][left:]
        left -= len(entry["members"])
    return {
        **total,
        "rooms": len(entries),
        "peers": sum(entry["peers"] for entry in entries),
        "busiest": shown,
    }


def _node(status: Status) -> dict[str, Any]:
    return {"status": status.health()["status"], **status.workers()}


def _room(room: Room, flows: TransportStats | None) -> dict[str, Any]:
    members = [
        {
            "peerId": peer.id,
            "displayName": peer.info.display_name,
            "producers": peer.producer_count(),
            "consumers": peer.consumer_count(),
            **traffic.of_peer(peer, flows),
        }
        for peer in room.peers.values()
    ]
    known = flows is not None
    return {
        "roomId": room.id,
        "workerId": room.home.worker_id,
        "peers": len(members),
        "producers": len(room.books.producers),
        "consumers": len(room.books.consumers),
        "recvBitrate": sum(member["recvBitrate"] for member in members) if known else None,
        "sendBitrate": sum(member["sendBitrate"] for member in members) if known else None,
        "members": sorted(members, key=_load, reverse=True),
    }


def _load(entry: dict[str, Any]) -> int:
    load: int = (entry["recvBitrate"] or 0) + (entry["sendBitrate"] or 0)
    return load
