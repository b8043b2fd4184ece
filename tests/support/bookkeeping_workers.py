"""A Placement over bookkeeping workers: a room goes to the one with the fewest, a branch to the idlest."""

from __future__ import annotations

from mediad.errors import Unavailable
from mediad.rooms.spread import WorkerLoad
from tests.support.bookkeeping_worker import BookkeepingWorker


class Workers:
    """Some workers, numbered from 0, and the rooms on each."""

    def __init__(self, count: int = 1) -> None:
        self.workers = [BookkeepingWorker(index) for index in range(count)]
        self.rooms: list[set[str]] = [set() for _ in range(count)]
        self.cpu = [0.0] * count
        """The cores that each worker uses."""
        self.consumers = [0] * count
        """The consumers that each worker is said to have."""
        self.displaced: dict[str, int] = {}
        self.draining = False
        self.draining_workers: set[int] = set()

    @property
    def placed(self) -> dict[str, list[int]]:
        """The workers of each room."""
        placed: dict[str, list[int]] = {}
        for worker_id, rooms in enumerate(self.rooms):
            for room_id in rooms:
                placed.setdefault(room_id, []).append(worker_id)
        return placed

    def place(self, room_id: str) -> BookkeepingWorker:
        living = [worker for worker in self.workers if not worker.dead]
        avoided = self.displaced.pop(room_id, None)
        living = [worker for worker in living if worker.worker_id != avoided] or living
        if self.draining or not living:
            raise Unavailable("draining" if self.draining else "no worker is available")
        worker = min(living, key=lambda worker: len(self.rooms[worker.worker_id]))
        self.rooms[worker.worker_id].add(room_id)
        return worker

    def loads(self, room_id: str) -> list[WorkerLoad]:
        loads = [
            WorkerLoad(index, self.cpu[index], self.consumers[index], takes=self._takes(room_id, index))
            for index in range(len(self.workers))
        ]
        return sorted(loads, key=lambda load: load.cpu)

    def extend(self, room_id: str, worker_id: int) -> BookkeepingWorker:
        if not self._takes(room_id, worker_id):
            raise Unavailable(f"worker {worker_id} takes no branch")
        self.rooms[worker_id].add(room_id)
        return self.workers[worker_id]

    def _takes(self, room_id: str, worker_id: int) -> bool:
        dead = self.workers[worker_id].dead
        avoided = self.displaced.get(room_id) == worker_id
        return not (dead or avoided or self.draining or worker_id in self.draining_workers)

    def retreat(self, room_id: str, worker_id: int) -> None:
        self.rooms[worker_id].discard(room_id)

    def displace(self, room_id: str, worker_id: int) -> None:
        self.displaced[room_id] = worker_id

    def release(self, room_id: str) -> None:
        assert room_id in self.placed
        for rooms in self.rooms:
            rooms.discard(room_id)
