"""Requests of mediactl about recordings reach the code that records."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from mediad.errors import InvalidInput, NotFound
from mediad.supervisor.admin import record_methods
from mediad.supervisor.admin.methods import AdminMethods
from tests.support.calls import Call
from tests.support.loops import on_loop, raises
from tests.support.recorders import recordings_of


@on_loop
async def test_start_list_and_stop(tmp_path: Path) -> None:
    call = Call()
    await call.member("ana")
    methods = AdminMethods(record_methods.table(recordings_of(call, tmp_path)))

    async def ask(method: str, **data: Any) -> dict[str, Any]:
        answer = methods.call(method, data)
        assert not isinstance(answer, AsyncGenerator)
        return await answer

    (tmp_path / "other").mkdir()
    wanted = {"peerId": "ana", "directory": str(tmp_path / "other"), "format": "mp4"}
    started = await ask("record.start", roomId="room", **wanted)
    assert (started["peerId"], started["format"]) == ("ana", "mp4")
    assert started["folder"].startswith(wanted["directory"])
    listed = (await ask("record.list"))["recordings"]
    assert [one["recordingId"] for one in listed] == [started["recordingId"]]
    stopped = (await ask("record.stop", recording=started["recordingId"]))["recordings"]
    assert [one["state"] for one in stopped] == ["ended"]
    assert await ask("record.list") == {"recordings": []}
    assert await ask("record.directory") == {"directory": str(tmp_path)}
    await raises(NotFound, ask("record.stop", recording="room"))
    await raises(NotFound, ask("record.start", roomId="elsewhere"))
    await raises(InvalidInput, ask("record.start"))
