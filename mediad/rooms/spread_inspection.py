"""Inspection of a room's branches, and of what is piped between them, as dicts in wire spelling."""

from __future__ import annotations

from typing import Any

from mediad.rooms.piped import Piped
from mediad.rooms.room import Room
from mediad.rooms.spread import show_spread


def describe_spread(room: Room) -> dict[str, Any]:
    """Return the spread of a room, its branches, home first, and its pipes."""
    heads, books = room.heads(), room.books
    return {
        "spread": show_spread(room.limits.spread.spread if room.spread is None else room.spread),
        "branches": [
            {
                "workerId": branch.worker_id,
                "routerId": branch.router_id,
                "peers": heads[branch],
                "producers": sum(producer.branch is branch for producer in books.producers.values()),
                "consumers": sum(consumer.branch is branch for consumer in books.consumers.values()),
            }
            for branch in room.branches
        ],
        "pipes": [
            {
                "ends": [
                    {"workerId": branch.worker_id, "transportId": transport_id}
                    for branch, transport_id in pair.ids.items()
                ]
            }
            for pair in room.pipes.pairs()
        ],
        "piped": [_piped(piped) for piped in room.pipes.piped()],
    }


def _piped(piped: Piped) -> dict[str, Any]:
    producer = piped.producer
    peer = producer.peer
    return {
        "producerId": producer.id,
        "kind": piped.kind,
        "fromPeerId": None if peer is None else peer.id,
        "fromWorkerId": piped.origin.worker_id,
        "toWorkerId": piped.branch.worker_id,
        "receivers": producer.audience[piped.branch],
        "bitrate": None,
    }
