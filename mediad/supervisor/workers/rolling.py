"""Restarting workers one by one, each drained before, while the others serve."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any

from mediad.errors import InvalidInput, InvalidState, MediadError, NotFound
from mediad.supervisor.workers.draining import Drains
from mediad.supervisor.workers.installed import changed_since_the_start
from mediad.supervisor.workers.pool import WorkerPool
from mediad.supervisor.workers.worker import Worker


class Rolling:
    """Restarts that an operator asked for, one worker at a time."""

    def __init__(
        self,
        pool: WorkerPool,
        drains: Drains,
        changed: Callable[[], str | None] = changed_since_the_start,
    ) -> None:
        """Prepare.

        `changed` tells what keeps new processes from fitting the daemon; None when nothing does.
        """
        self._changed = changed
        self._pool = pool
        self._drains = drains
        self._busy = False

    def chosen(self, worker_id: int | None, *, every: bool) -> list[Worker]:
        """The workers meant, one or all. Raises InvalidInput, or NotFound when there is no such one."""
        if every is (worker_id is not None):
            raise InvalidInput("name one worker, or ask for all")
        if worker_id is None:
            return list(self._pool.workers)
        if not 0 <= worker_id < len(self._pool.workers):
            raise NotFound(f"there is no worker {worker_id}, they are 0 to {len(self._pool.workers) - 1}")
        return [self._pool.workers[worker_id]]

    async def restart(
        self, workers: Sequence[Worker], *, deadline_s: float, move: bool
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Restart and yield the progress.

        Raises MediadError, and goes no further, when a new process does not start; InvalidState, before
        anything is done, when a new one would not fit.

        Each worker takes rooms again afterwards, also when the generator is closed half-way.
        """
        if self._busy:
            raise InvalidState("workers are being restarted already")
        changed = self._changed()
        if changed is not None:
            raise InvalidState(changed)
        self._busy = True
        try:
            for number, worker in enumerate(workers):
                async with contextlib.aclosing(self._restart(worker, deadline_s, move)) as steps:
                    async for note in steps:
                        yield _progress(worker, number, len(workers), note)
            yield _progress(workers[-1], len(workers), len(workers), "restarted")
        finally:
            self._busy = False

    async def _restart(self, worker: Worker, deadline_s: float, move: bool) -> AsyncGenerator[str, None]:
        """The steps, in words."""
        scope = worker.worker_id
        self._drains.start(scope, deadline_s=deadline_s, move=move)
        try:
            async with contextlib.aclosing(self._drains.watch(scope)) as drained:
                async for progress in drained:
                    yield str(progress["note"])
                    if progress["state"] == "undone":
                        raise MediadError(f"worker {scope} was undrained, and not restarted")
            yield "starting"
            await self._pool.replace(worker)
        finally:
            if not self._drains.stopping:
                self._drains.cancel(scope)


def _progress(worker: Worker, done: int, total: int, note: str) -> dict[str, Any]:
    return {
        "workerId": worker.worker_id,
        "pid": worker.pid,
        "done": done,
        "total": total,
        "note": f"worker {worker.worker_id}: {note}",
    }
