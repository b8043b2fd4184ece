"""Traffic at this moment: bitrates and losses of rooms and peers, asked of the workers that carry them.

A worker that does not answer in time leaves its rooms without numbers (None), and the rest is shown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from mediad.errors import MediadError
from mediad.pipe.requests import GetProducerStats, GetRouterStats
from mediad.rooms.entities import Peer, Producer
from mediad.rooms.piped import Piped
from mediad.rooms.room import Room

TIMEOUT_S = 2.0

ROOMS_AT_ONCE = 32
"""Requests under way at a time, so that statistics do not delay clients that join."""

TransportStats = Mapping[str, dict[str, Any]]


async def of_rooms(rooms: Iterable[Room]) -> dict[str, TransportStats | None]:
    """The statistics of transports, by room id and transport id; None for a room whose worker is silent."""
    turn = asyncio.Semaphore(ROOMS_AT_ONCE)

    async def one(room: Room) -> TransportStats | None:
        async with turn:
            return await of_room(room)

    rooms = list(rooms)
    answers = await asyncio.gather(*map(one, rooms))
    return {room.id: answer for room, answer in zip(rooms, answers, strict=True)}


async def of_room(room: Room) -> TransportStats | None:
    """The statistics of each transport, by its id; None when the worker does not answer."""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            answers = await asyncio.gather(
                *(branch.ask(GetRouterStats(branch.router_id)) for branch in room.branches)
            )
    except (MediadError, TimeoutError):  # the room was closed meanwhile, or its worker does not answer
        return None
    return {stats["transportId"]: stats for answer in answers for stats in answer.transports}


async def of_piped(room: Room) -> dict[tuple[str, int], int]:
    """The bitrate in bit/s of each piped track, by its producer and the worker that it is piped to.

    Tracks of which a worker does not tell in time are left out.
    """

    async def one(piped: Piped) -> int:
        answer = await piped.branch.ask(GetProducerStats(piped.producer.id), about=piped)
        return sum(stats.get("bitrate", 0) for stats in answer.stats)

    tracks = [piped for piped in room.pipes.piped() if isinstance(piped.producer, Producer)]
    try:
        async with asyncio.timeout(TIMEOUT_S):
            answers = await asyncio.gather(*map(one, tracks), return_exceptions=True)
    except TimeoutError:
        return {}
    return {
        (piped.producer.id, piped.branch.worker_id): answer
        for piped, answer in zip(tracks, answers, strict=True)
        if not isinstance(answer, BaseException)
    }


def of_peer(peer: Peer, transports: TransportStats | None) -> dict[str, Any]:
    """The sums of one peer, in bit/s as the server sees them: received is what the peer sends.

    Losses are 0..1, of the peer's worst transport. Every value is None when nothing is known.
    """
    if transports is None:
        return dict.fromkeys(("recvBitrate", "sendBitrate", "lossReceived", "lossSent", "availableBitrate"))
    own = [transports[transport_id] for transport_id in peer.transports if transport_id in transports]
    return {
        "recvBitrate": sum(stats.get("recvBitrate", 0) for stats in own),
        "sendBitrate": sum(stats.get("sendBitrate", 0) for stats in own),
        "lossReceived": _largest(own, "rtpPacketLossReceived"),
        "lossSent": _largest(own, "rtpPacketLossSent"),
        "availableBitrate": _largest(own, "availableOutgoingBitrate"),
    }


def _largest(stats: list[dict[str, Any]], name: str) -> Any:
    return max((entry[name] for entry in stats if name in entry), default=None)
