"""Methods about the node as a whole: status, workers, rooms, stats."""

from __future__ import annotations

from typing import Any

import msgspec

from mediad.supervisor.admin.methods import Table
from mediad.supervisor.observability.status import Status


def table(status: Status) -> Table:
    """The methods, by name."""

    async def overview(data: dict[str, Any]) -> dict[str, Any]:
        return await status.overview()

    async def workers(data: dict[str, Any]) -> dict[str, Any]:
        return status.workers()

    async def rooms(data: dict[str, Any]) -> dict[str, Any]:
        return status.rooms()

    async def stats(data: dict[str, Any]) -> dict[str, Any]:
        return {**status.stats(), "reports": msgspec.to_builtins(await status.worker_reports())}

    return {"status": overview, "workers": workers, "rooms": rooms, "stats": stats}
