"""Asking an admin method without a socket."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from mediad.supervisor.admin.methods import AdminMethods, Table


async def ask(table: Table, method: str, /, **data: Any) -> dict[str, Any]:
    """The reply."""
    answer = AdminMethods(table).call(method, data)
    assert not isinstance(answer, AsyncGenerator)
    return await answer


async def stream(table: Table, method: str, /, **data: Any) -> list[dict[str, Any]]:
    """Return all items that a method streams until it ends."""
    answer = AdminMethods(table).call(method, data)
    assert isinstance(answer, AsyncGenerator)
    return [item async for item in answer]
