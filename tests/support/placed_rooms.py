"""A registry of rooms reduced to what draining asks of it: rooms that are placed, and go when told to."""

from __future__ import annotations

from typing import Any

from mediad.errors import NotFound
from mediad.supervisor.workers.pool import WorkerPool


class PlacedRooms:
    """Rooms of three peers each."""

    def __init__(self, pool: WorkerPool) -> None:
        self._pool = pool
        self.homes: dict[str, int] = {}
        self.closed: list[str] = []
        self.moved: list[str] = []

    def open(self, *room_ids: str) -> None:
        for room_id in room_ids:
            self.homes[room_id] = self._pool.place(room_id).worker_id

    def end(self, room_id: str) -> None:
        """End a room whose last peer has left."""
        if self.homes.pop(room_id, None) is None:
            raise NotFound(room_id)
        self._pool.release(room_id)

    def close_room(self, room_id: str, reason: str) -> None:
        self.end(room_id)
        self.closed.append(room_id)

    def move_room(self, room_id: str, worker_id: int) -> None:
        """Move a room; its peers come back within the same step."""
        self._pool.displace(room_id, worker_id)
        self.end(room_id)
        self.moved.append(room_id)
        self.open(room_id)

    def summaries(self) -> list[dict[str, Any]]:
        return [
            {
                "roomId": room_id,
                "workerId": worker_id,
                "peers": 3,
                "branches": [{"workerId": worker_id, "peers": 3}],
            }
            for room_id, worker_id in self.homes.items()
        ]
