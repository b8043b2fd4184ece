"""Places: which rooms are on which workers, and the choice of workers for them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from mediad.errors import Unavailable
from mediad.rooms.spread import WorkerLoad
from mediad.supervisor.workers.link import WorkerLink
from mediad.supervisor.workers.placement import FULL, Candidate, choose, in_order
from mediad.supervisor.workers.worker import Worker

DISPLACED_S = 60.0
"""The time in which a room that was moved off a worker is not placed there again."""


class Places:
    """The rooms of each worker; a room that is spread is on several."""

    def __init__(self, workers: list[Worker]) -> None:
        self.workers = workers
        self.draining = False
        """True while no room is placed."""
        self._displaced: dict[tuple[str, int], float] = {}
        """(room id, the worker that it shall not be placed on) → CLOCK_MONOTONIC until then."""
        self._freed = asyncio.Event()
        """An event that is set for a moment whenever a room is taken off a worker."""
        self._placements = 0

    def place(self, room_id: str) -> WorkerLink:
        """Choose a worker for a room. Raises Unavailable when draining, or when no worker can take it."""
        if self.draining:
            raise Unavailable("the server is draining")
        worker = self._choose(room_id)
        self.release(room_id)
        for other in self.workers:
            self._displaced.pop((room_id, other.worker_id), None)
        return self._put(room_id, worker)

    def loads(self, room_id: str) -> list[WorkerLoad]:
        """Return all workers as places for a further branch of this room, the best first."""
        return [
            WorkerLoad(
                candidate.worker_id,
                candidate.cpu,
                self.workers[candidate.worker_id].stock.tables["consumers"].used,
                takes=self._takes(room_id, self.workers[candidate.worker_id]),
            )
            for candidate in in_order(map(_candidate, self.workers))
        ]

    def extend(self, room_id: str, worker_id: int) -> WorkerLink:
        """Put a further branch of a room on this worker. Raises Unavailable when it takes none."""
        worker = self.workers[worker_id]
        if not self._takes(room_id, worker):
            raise Unavailable(f"worker {worker_id} takes no further branch of a room")
        return self._put(room_id, worker)

    def _takes(self, room_id: str, worker: Worker) -> bool:
        return (
            worker.process is not None
            and not (self.draining or worker.draining or worker.history.looping)
            and worker.fullest()[1] < FULL
            and not self._is_avoided(room_id, worker)
        )

    def _put(self, room_id: str, worker: Worker) -> WorkerLink:
        self._placements += 1
        worker.last_used = self._placements
        worker.rooms.add(room_id)
        assert worker.process is not None
        return worker.process.link

    def _choose(self, room_id: str) -> Worker:
        ready = [worker for worker in self.workers if worker.process is not None]
        able = [worker for worker in ready if not worker.draining]
        able = [worker for worker in able if not self._is_avoided(room_id, worker)] or able
        # a worker that dies again and again has the fewest rooms each time: it would be chosen for all
        able = [worker for worker in able if not worker.history.looping] or able
        chosen = choose(map(_candidate, able))
        if chosen is None and able:
            raise Unavailable("all workers are full: try again later")
        if chosen is None:
            raise Unavailable("all workers are draining" if ready else "no worker is ready")
        return self.workers[chosen.worker_id]

    def _is_avoided(self, room_id: str, worker: Worker) -> bool:
        return time.monotonic() < self._displaced.get((room_id, worker.worker_id), 0.0)

    def displace(self, room_id: str, worker_id: int) -> None:
        """Place this room on other workers, if one can take it, when its peers come within DISPLACED_S."""
        if room_id not in self.workers[worker_id].rooms:
            return
        now_s = time.monotonic()
        for other in [other for other, until_s in self._displaced.items() if until_s <= now_s]:
            del self._displaced[other]
        self._displaced[room_id, worker_id] = now_s + DISPLACED_S

    def release(self, room_id: str) -> None:
        """Take a room off all its workers. Releasing it twice does no harm."""
        for worker in self.workers:
            if room_id in worker.rooms:
                self.retreat(room_id, worker.worker_id)

    def retreat(self, room_id: str, worker_id: int) -> None:
        """Take a room off one of its workers. Doing it twice does no harm."""
        self.workers[worker_id].rooms.discard(room_id)
        self._freed.set()
        self._freed.clear()

    async def wait_empty(self, workers: Sequence[Worker]) -> None:
        """Return when no room is placed on any of `workers`."""
        while any(worker.rooms for worker in workers):
            await self._freed.wait()


def _candidate(worker: Worker) -> Candidate:
    return Candidate(worker.worker_id, len(worker.rooms), worker.cpu, worker.last_used, worker.fullest()[1])
