"""Placement in the pool against its definition, whatever happens to workers and rooms in between."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from mediad.config.settings import Settings
from mediad.errors import Unavailable
from mediad.supervisor.workers.placement import SIMILAR_CPU
from mediad.supervisor.workers.pool import WorkerPool
from mediad.supervisor.workers.restarts import FREE_RESTARTS
from mediad.supervisor.workers.worker import Worker

WORKERS = 4
worker_ids = st.integers(0, WORKERS - 1)
room_ids = st.sampled_from([f"room{n}" for n in range(12)])


class Placing(RuleBasedStateMachine):
    """A pool without processes; what it should know is kept beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.pool = WorkerPool(Settings(workers=WORKERS), lambda worker_id: None)
        self.homes: dict[str, int] = {}
        self.avoiding: dict[str, int] = {}
        self.used: list[int] = []
        """Worker ids in the order they were chosen."""

    @initialize()
    def all_ready(self) -> None:
        for worker in self.pool.workers:
            self.start(worker.worker_id)

    @rule(worker_id=worker_ids)
    def start(self, worker_id: int) -> None:
        link = SimpleNamespace(worker_id=worker_id)
        self.pool.workers[worker_id].process = cast(Any, SimpleNamespace(link=link))

    @rule(worker_id=worker_ids)
    def die(self, worker_id: int) -> None:
        self.pool.workers[worker_id].process = None
        for room_id in [room_id for room_id, home in self.homes.items() if home == worker_id]:
            self.release(room_id)

    @rule(worker_id=worker_ids, draining=st.booleans())
    def drain(self, worker_id: int, draining: bool) -> None:
        self.pool.workers[worker_id].draining = draining

    @rule(worker_id=worker_ids, deaths=st.integers(0, FREE_RESTARTS + 2))
    def have_died(self, worker_id: int, deaths: int) -> None:
        self.pool.workers[worker_id].history.failures = deaths

    @rule(worker_id=worker_ids, cpu=st.sampled_from([0.0, SIMILAR_CPU / 2, 0.5, 1.0]))
    def work(self, worker_id: int, cpu: float) -> None:
        self.pool.workers[worker_id].cpu = cpu

    @rule(room_id=room_ids)
    def release(self, room_id: str) -> None:
        self.pool.release(room_id)
        self.homes.pop(room_id, None)

    @rule(room_id=room_ids)
    def displace(self, room_id: str) -> None:
        self.pool.displace(room_id, self.homes.get(room_id, 0))
        if room_id in self.homes:
            self.avoiding[room_id] = self.homes[room_id]
        self.release(room_id)

    @rule(room_id=room_ids)
    def place(self, room_id: str) -> None:
        self.release(room_id)
        able = self.able(room_id)
        if not able:
            with pytest.raises(Unavailable):
                self.pool.place(room_id)
            return
        best = self.best_of(able)
        chosen = self.pool.place(room_id).worker_id
        assert chosen == best
        self.homes[room_id] = chosen
        self.avoiding.pop(room_id, None)
        self.used.append(chosen)

    def able(self, room_id: str) -> list[Worker]:
        """Ready and not draining; not the one to be avoided, and none in a crash loop, if that leaves any."""
        able = [worker for worker in self.pool.workers if worker.process and not worker.draining]
        able = [worker for worker in able if worker.worker_id != self.avoiding.get(room_id)] or able
        return [worker for worker in able if worker.history.failures <= FREE_RESTARTS] or able

    def best_of(self, able: list[Worker]) -> int:
        """Fewest rooms, then lower CPU unless similar, then least recently used."""
        homes = list(self.homes.values())
        fewest = min(homes.count(worker.worker_id) for worker in able)
        able = [worker for worker in able if homes.count(worker.worker_id) == fewest]
        idlest = min(worker.cpu for worker in able)
        able = [worker for worker in able if worker.cpu <= idlest + SIMILAR_CPU]
        ages = {
            worker.worker_id: self.used[::-1].index(worker.worker_id)
            for worker in able
            if worker.worker_id in self.used
        }
        return max(
            able, key=lambda worker: (ages.get(worker.worker_id, len(self.used)), -worker.worker_id)
        ).worker_id

    @invariant()
    def books_agree(self) -> None:
        placed = {room: worker.worker_id for worker in self.pool.workers for room in worker.rooms}
        assert placed == self.homes


Placing.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestPlacing = Placing.TestCase
