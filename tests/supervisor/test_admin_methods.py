"""The admin table answers with what status says, and names what it knows."""

from __future__ import annotations

from typing import Any, cast

from mediad.ctl.commands import COMMANDS
from mediad.errors import NotFound
from mediad.supervisor.admin_methods import AdminMethods
from mediad.supervisor.status import Status
from tests.support.loops import on_loop, raises


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


@on_loop
async def test_every_row() -> None:
    methods = AdminMethods(cast(Status, FixedStatus()))
    assert await methods.call("status", {}) == {"status": "ok"}
    assert await methods.call("workers", {}) == {"workers": []}
    assert await methods.call("rooms", {}) == {"rooms": []}
    assert await methods.call("stats", {}) == {"totalRooms": 1, "reports": {"0": {"transports": 2}}}


@on_loop
async def test_an_unknown_method_is_refused() -> None:
    methods = AdminMethods(cast(Status, FixedStatus()))
    reason = await raises(NotFound, methods.call("reboot" + "x" * 1000, {}))
    assert reason.startswith('unknown method "reboot')
    assert len(reason) < 300


@on_loop
async def test_every_verb_of_mediactl_has_its_method() -> None:
    methods = AdminMethods(cast(Status, FixedStatus()))
    for command in COMMANDS:
        assert isinstance(await methods.call(command.method, {}), dict)
