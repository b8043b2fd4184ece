"""What mediactl may ask: a table. A new verb is a row here and a row in mediad/ctl/commands.py."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from mediad.errors import NotFound
from mediad.supervisor.status import Status

Method = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


class AdminMethods:
    """The methods of the admin socket. Each takes the request's data and returns the reply's."""

    def __init__(self, status: Status) -> None:
        self._status = status
        self._table: dict[str, Method] = {
            "status": self._overview,
            "workers": self._workers,
            "rooms": self._rooms,
            "stats": self._stats,
        }

    async def call(self, method: str, data: dict[str, Any]) -> dict[str, Any]:
        """Raises NotFound for a method that is not in the table."""
        handler = self._table.get(method)
        if handler is None:
            raise NotFound(f'unknown method "{method[:100]}", expected one of {", ".join(self._table)}')
        return await handler(data)

    async def _overview(self, data: dict[str, Any]) -> dict[str, Any]:
        return await self._status.overview()

    async def _workers(self, data: dict[str, Any]) -> dict[str, Any]:
        return self._status.workers()

    async def _rooms(self, data: dict[str, Any]) -> dict[str, Any]:
        return self._status.rooms()

    async def _stats(self, data: dict[str, Any]) -> dict[str, Any]:
        return {**self._status.stats(), "reports": await self._status.worker_reports()}
