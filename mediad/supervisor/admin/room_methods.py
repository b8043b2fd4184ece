"""Methods about single rooms and peers: show, close, move, spread, kick."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from typing import Any

import msgspec

from mediad.errors import MediadError
from mediad.pipe.data_requests import DataStats, GetDataConsumerStats, GetDataProducerStats
from mediad.pipe.requests import GetConsumerStats, GetProducerStats, Statistics, Stats
from mediad.rooms.entities import Peer
from mediad.rooms.inspection import (
    describe_channels,
    describe_peer,
    describe_room,
    describe_tracks,
    describe_transport,
    find_peer,
)
from mediad.rooms.listener import CloseCause
from mediad.rooms.registry import RoomRegistry
from mediad.rooms.room import Room
from mediad.rooms.spread import read_spread, show_spread
from mediad.supervisor.admin import traffic
from mediad.supervisor.admin.methods import Table, read
from mediad.words import plural

MAX_REASON_BYTES = 120
"""The length of a reason: what a WebSocket close frame holds (RFC 6455 section 5.5), less a little."""


class _WhichRoom(msgspec.Struct, rename="camel"):
    room_id: str


class _WhichRooms(msgspec.Struct, rename="camel"):
    room_id: str | None = None


class _WhichPeer(msgspec.Struct, rename="camel"):
    room_id: str
    peer_id: str


class _CloseRoom(_WhichRoom, rename="camel"):
    reason: str = "the room was closed by an operator"


class _MoveRoom(_WhichRoom, rename="camel"):
    worker_id: int | None = None


class _SpreadRoom(_WhichRoom, rename="camel"):
    spread: str


class _KickPeer(_WhichPeer, rename="camel"):
    reason: str = "removed by an operator"


class RoomMethods:
    """The methods, over one registry."""

    def __init__(self, registry: RoomRegistry) -> None:
        self._registry = registry

    def table(self) -> Table:
        return {
            "room.show": self._show_room,
            "room.close": self._close_room,
            "room.move": self._move_room,
            "room.spread": self._spread_room,
            "peers": self._peers,
            "peer.show": self._show_peer,
            "peer.kick": self._kick_peer,
        }

    async def _show_room(self, data: dict[str, Any]) -> dict[str, Any]:
        room = self._registry.room(read(data, _WhichRoom).room_id)
        description = describe_room(room, time.monotonic())
        peers = dict(room.peers)
        flows, rates = await asyncio.gather(traffic.of_room(room), traffic.of_piped(room))
        for entry in description["peers"]:
            entry |= traffic.of_peer(peers[entry["peerId"]], flows)
        for end in (end for pipe in description["pipes"] for end in pipe["ends"]):
            end["sendBitrate"] = (flows or {}).get(end["transportId"], {}).get("sendBitrate")
        for piped in description["piped"]:
            piped["bitrate"] = rates.get((piped["producerId"], piped["toWorkerId"]))
        return description

    async def _spread_room(self, data: dict[str, Any]) -> dict[str, Any]:
        """Set the number of workers that a room may be on; it counts for newcomers."""
        wanted = read(data, _SpreadRoom)
        room, spread = self._registry.room(wanted.room_id), read_spread(wanted.spread)
        room.spread = spread
        room.log.info("an operator has set its spread: %s", show_spread(spread))
        return {
            "roomId": room.id,
            "spread": show_spread(spread),
            "peers": len(room.peers),
            "workers": [branch.worker_id for branch in room.branches],
        }

    async def _close_room(self, data: dict[str, Any]) -> dict[str, Any]:
        wanted = read(data, _CloseRoom)
        room = self._registry.room(wanted.room_id)
        peers = len(room.peers)
        room.log.info(
            "closed by an operator, with %s in it: their connections are closed", plural(peers, "peer")
        )
        room.close(CloseCause.REMOVED, _short(wanted.reason))
        return {"roomId": room.id, "peers": peers}

    async def _move_room(self, data: dict[str, Any]) -> dict[str, Any]:
        wanted = read(data, _MoveRoom)
        room = self._registry.room(wanted.room_id)
        worker_id = room.home.worker_id if wanted.worker_id is None else wanted.worker_id
        peers = sum(peer.branch.worker_id == worker_id for peer in room.peers.values())
        self._registry.move_room(room.id, worker_id)
        what = "moved off worker %d by an operator, with %s: they join again elsewhere"
        room.log.info(what, worker_id, plural(peers, "peer"))
        return {"roomId": room.id, "peers": peers, "fromWorkerId": worker_id}

    async def _peers(self, data: dict[str, Any]) -> dict[str, Any]:
        """The peers of this node, or of one room."""
        wanted = read(data, _WhichRooms).room_id
        rooms = self._registry.rooms() if wanted is None else [self._registry.room(wanted)]
        now_s = time.monotonic()
        return {
            "peers": [
                {"roomId": room.id, "workerId": peer.branch.worker_id, **describe_peer(peer, now_s)}
                for room in sorted(rooms, key=lambda room: room.id)
                for peer in room.peers.values()
            ]
        }

    async def _show_peer(self, data: dict[str, Any]) -> dict[str, Any]:
        room, peer = self._find(read(data, _WhichPeer))
        description = {
            "roomId": room.id,
            "workerId": peer.branch.worker_id,
            **describe_peer(peer, time.monotonic()),
            **describe_tracks(peer),
            **describe_channels(peer),
        }
        flows = await traffic.of_room(room)
        description |= traffic.of_peer(peer, flows)
        description["transports"] = [
            describe_transport(transport) | (flows or {}).get(transport.id, {})
            for transport in peer.transports.values()
        ]
        ask = peer.branch.ask
        answers: list[tuple[dict[str, Any], Awaitable[Stats | DataStats]]] = [
            *((one, ask(GetProducerStats(one["producerId"]))) for one in description["sends"]),
            *((one, ask(GetConsumerStats(one["consumerId"]))) for one in description["receives"]),
            *((one, ask(GetDataProducerStats(one["dataProducerId"]))) for one in description["sendsData"]),
            *((one, ask(GetDataConsumerStats(one["dataConsumerId"]))) for one in description["receivesData"]),
        ]
        streams = await asyncio.gather(*(_streams(answer) for _, answer in answers))
        for (entry, _), stream in zip(answers, streams, strict=True):
            entry["streams"] = stream
        return description

    async def _kick_peer(self, data: dict[str, Any]) -> dict[str, Any]:
        wanted = read(data, _KickPeer)
        room, peer = self._find(wanted)
        peer.log.info("removed by an operator: its connection is closed")
        room.remove(peer, CloseCause.REMOVED, _short(wanted.reason))
        return {"roomId": room.id, "peerId": peer.id, "roomClosed": room.closed}

    def _find(self, wanted: _WhichPeer) -> tuple[Room, Peer]:
        room = self._registry.room(wanted.room_id)
        return room, find_peer(room, wanted.peer_id)


async def _streams(answer: Awaitable[Stats | DataStats]) -> Statistics:
    """The streams in an answer; [] when what was asked about is closed, or its worker does not answer."""
    try:
        async with asyncio.timeout(traffic.TIMEOUT_S):
            return (await answer).stats
    except (MediadError, TimeoutError):
        return []


def _short(reason: str) -> str:
    return reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore")
