"""Draining: no new rooms on the node or on one worker, and an end of the rooms there are.

Rooms may end by themselves. At the deadline, or at once when they are to be moved, their peers are
disconnected and told to come back (1012). From one worker they come to the others; from the whole node to
another node, if a load balancer before it knows one. A drain goes on whether or not a client follows it, and
stays in force, with no rooms left, until it is undone.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any, Protocol

from mediad.errors import InvalidState, MediadError, NotFound
from mediad.supervisor.workers.node_observer import NodeObserver
from mediad.supervisor.workers.pool import WorkerPool
from mediad.supervisor.workers.worker import Worker
from mediad.words import plural

MOVES_PER_S = 20
"""Rooms moved in a second when there is time: all their peers come back at once."""

PROGRESS_INTERVAL_S = 1.0

NODE = None
"""The scope that is the whole node; other scopes are worker ids."""

logger = logging.getLogger(__name__)


class Rooms(Protocol):
    """The part of the registry of rooms that is used here."""

    def close_room(self, room_id: str, reason: str) -> None: ...

    def move_room(self, room_id: str, worker_id: int) -> None: ...

    def summaries(self) -> list[dict[str, Any]]: ...


@dataclass(frozen=True, slots=True)
class Drain:
    """One drain under way."""

    scope: int | None
    total: int
    """Rooms at the start."""
    deadline_s: float | None
    """The time (CLOCK_MONOTONIC) at which rooms are closed; None is never."""
    task: asyncio.Task[None]


class Drains:
    """The drains of this node."""

    def __init__(self, pool: WorkerPool, rooms: Rooms) -> None:
        self.stopping = False
        """True when the daemon is stopping: no drain is undone any more."""
        self.observer = NodeObserver()
        self._pool = pool
        self._rooms = rooms
        self._drains: dict[int | None, Drain] = {}

    def start(self, scope: int | None, *, deadline_s: float | None = None, move: bool = False) -> None:
        """Begin to drain, or go on under other conditions.

        After `deadline_s`, or at once with `move`, rooms are closed for their peers to come back. Raises
        NotFound for a worker that does not exist.
        """
        workers = self._workers(scope)
        self._drop(scope)
        self._mark(scope, True)
        total = sum(len(worker.rooms) for worker in workers)
        task = asyncio.get_running_loop().create_task(self._run(scope, workers, deadline_s, move))
        end_s = None if deadline_s is None else time.monotonic() + deadline_s
        self._drains[scope] = Drain(scope, total, end_s, task)
        logger.info("%s is draining: it takes no new rooms, and has %s", _name(scope), plural(total, "room"))
        self.observer.drain_changed(scope, True)

    def cancel(self, scope: int | None) -> None:
        """Accept new rooms again; without a drain nothing changes.

        NODE undoes the drain of every worker, too.

        Raises NotFound for a worker that does not exist, InvalidState when the daemon is stopping.
        """
        self._workers(scope)
        if self.stopping:
            raise InvalidState("the server is stopping")
        scopes = [scope] if scope is not NODE else [NODE, *range(len(self._pool.workers))]
        for one in scopes:
            self._drop(one)
            self._mark(one, False)
        logger.info("%s takes rooms again", _name(scope))
        self.observer.drain_changed(scope, False)

    @property
    def whole_node(self) -> bool:
        """True when the node as a whole is draining, not only some of its workers."""
        return NODE in self._drains

    async def wait(self, scope: int | None) -> None:
        """Return when the drain of `scope` has come to its end, or was undone."""
        drain = self._drains.get(scope)
        if drain is not None:
            await asyncio.wait({drain.task})

    async def watch(self, scope: int | None) -> AsyncGenerator[dict[str, Any], None]:
        """The progress now, every second, and at the end: rooms gone of rooms there were."""
        while True:
            drain = self._drains.get(scope)
            yield self._progress(scope, drain)
            if drain is None or drain.task.done():
                return
            await asyncio.wait({drain.task}, timeout=PROGRESS_INTERVAL_S)
            if drain.task.done() and self._drains.get(scope) is drain:
                yield self._progress(scope, drain)
                return

    def _progress(self, scope: int | None, drain: Drain | None) -> dict[str, Any]:
        workers = {worker.worker_id for worker in self._workers(scope)}
        left = [
            [branch["peers"] for branch in room["branches"] if branch["workerId"] in workers]
            for room in self._rooms.summaries()
        ]
        remaining_s = None
        if drain is not None and drain.deadline_s is not None:
            remaining_s = round(max(0.0, drain.deadline_s - time.monotonic()), 1)
        rooms, peers = sum(map(bool, left)), sum(map(sum, left))
        total = max(rooms, 0 if drain is None else drain.total)
        state = "undone" if drain is None else "draining" if rooms else "drained"
        return {
            "workerId": scope,
            "state": state,
            "rooms": rooms,
            "peers": peers,
            "remainingS": remaining_s,
            "done": total - rooms,
            "total": total,
            "note": _note(rooms, peers, remaining_s),
        }

    async def _run(
        self, scope: int | None, workers: list[Worker], deadline_s: float | None, move: bool
    ) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(deadline_s):
                if move:
                    await self._send_away(scope, workers, 1 / MOVES_PER_S)
                await self._pool.wait_empty(workers)
        await self._send_away(scope, workers, 0.0)

    async def _send_away(self, scope: int | None, workers: list[Worker], pause_s: float) -> None:
        for worker in workers:
            while worker.rooms:
                room_id = next(iter(worker.rooms))
                try:
                    if scope is NODE:
                        self._rooms.close_room(room_id, "the server is draining")
                    else:
                        self._rooms.move_room(room_id, worker.worker_id)
                except MediadError:  # placed, but not in the registry yet or any more: not waited for
                    self._pool.retreat(room_id, worker.worker_id)
                if pause_s:
                    await asyncio.sleep(pause_s)

    def _workers(self, scope: int | None) -> list[Worker]:
        if scope is NODE:
            return self._pool.workers
        if not 0 <= scope < len(self._pool.workers):
            raise NotFound(f"there is no worker {scope}, they are 0 to {len(self._pool.workers) - 1}")
        return [self._pool.workers[scope]]

    def _mark(self, scope: int | None, draining: bool) -> None:
        if scope is NODE:
            self._pool.draining = draining
        else:
            self._pool.workers[scope].draining = draining

    def _drop(self, scope: int | None) -> None:
        drain = self._drains.pop(scope, None)
        if drain is not None:
            drain.task.cancel()


def _name(scope: int | None) -> str:
    return "the node" if scope is NODE else f"worker {scope}"


def _note(rooms: int, peers: int, remaining_s: float | None) -> str:
    if not rooms:
        return "no rooms left"
    left = f"{plural(rooms, 'room')} with {plural(peers, 'peer')} left"
    return left if remaining_s is None else f"{left}, sent away in {remaining_s:.0f} s"
