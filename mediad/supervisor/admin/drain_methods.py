"""Methods about draining: drain, undrain, worker.restart."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Annotated, Any

import msgspec

from mediad.errors import InvalidState
from mediad.supervisor.admin.methods import Table, read
from mediad.supervisor.workers.draining import NODE, Drains
from mediad.supervisor.workers.rolling import Rolling

Seconds = Annotated[float, msgspec.Meta(ge=0, le=86_400)]


class _Drain(msgspec.Struct, rename="camel"):
    worker_id: int | None = NODE
    deadline_s: Seconds | None = None
    move: bool = False
    wait: bool = True


class _Undrain(msgspec.Struct, rename="camel"):
    worker_id: int | None = NODE


class _Restart(msgspec.Struct, rename="camel"):
    worker_id: int | None = None
    all: bool = False
    deadline_s: Seconds = 60.0
    move: bool = False


def table(drains: Drains, rolling: Rolling) -> Table:
    """The methods, by name."""

    async def drain(data: dict[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
        """Drain, and report the progress; the drain goes on when the client goes away."""
        asked = read(data, _Drain)
        drains.start(asked.worker_id, deadline_s=asked.deadline_s, move=asked.move)
        async for progress in drains.watch(asked.worker_id):
            yield progress
            if not asked.wait:
                return

    async def undrain(data: dict[str, Any]) -> dict[str, Any]:
        asked = read(data, _Undrain)
        if asked.worker_id is not NODE and drains.whole_node:
            raise InvalidState(
                f"the whole node drains, and worker {asked.worker_id} with it; "
                "end that with: mediactl undrain"
            )
        drains.cancel(asked.worker_id)
        return {"workerId": asked.worker_id}

    async def restart(data: dict[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
        """Restart workers, and report the progress.

        It stops when the client goes away; a worker that was drained and not restarted yet takes rooms again
        then.
        """
        asked = read(data, _Restart)
        workers = rolling.chosen(asked.worker_id, every=asked.all)
        async for progress in rolling.restart(workers, deadline_s=asked.deadline_s, move=asked.move):
            yield progress

    return {"drain": drain, "undrain": undrain, "worker.restart": restart}
