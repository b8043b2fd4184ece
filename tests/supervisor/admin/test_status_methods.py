"""The methods about the node answer with what its status says."""

from __future__ import annotations

from typing import Any, cast

from mediad.supervisor.admin import status_methods
from mediad.supervisor.admin.conversation import Answer
from mediad.supervisor.observability.status import Status
from tests.support.loops import on_loop


class FixedStatus:
    def stats(self) -> dict[str, Any]:
        return {"totalRooms": 1}

    def workers(self) -> dict[str, Any]:
        return {"workers": []}

    def rooms(self) -> dict[str, Any]:
        return {"rooms": []}

    async def overview(self) -> dict[str, Any]:
        return {"status": "ok"}

    async def worker_reports(self) -> dict[str, Any]:
        return {"0": {"transports": 2}}


async def reply(answer: Answer) -> dict[str, Any]:
    assert not hasattr(answer, "__anext__")
    return await answer


@on_loop
async def test_every_row() -> None:
    table = status_methods.table(cast(Status, FixedStatus()))
    assert await reply(table["status"]({})) == {"status": "ok"}
    assert await reply(table["workers"]({})) == {"workers": []}
    assert await reply(table["rooms"]({})) == {"rooms": []}
    assert await reply(table["stats"]({})) == {"totalRooms": 1, "reports": {"0": {"transports": 2}}}
