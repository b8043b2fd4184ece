"""Requests of mediactl about shows reach the code that shows."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from mediad.config.settings import Settings
from mediad.errors import InvalidInput, NotFound
from mediad.supervisor.admin import hls_methods
from mediad.supervisor.admin.methods import AdminMethods
from mediad.supervisor.hls.shows import Shows
from tests.support.calls import Call
from tests.support.loops import on_loop, raises
from tests.support.recorders import tiny_recorder


@on_loop
async def test_start_list_and_stop(tmp_path: Path) -> None:
    call = Call()
    await call.member("ana")
    shows = Shows(call.registry, Settings(hls_dir=str(tmp_path)), {}, command=tiny_recorder())
    methods = AdminMethods(hls_methods.table(shows))

    async def ask(method: str, **data: Any) -> dict[str, Any]:
        answer = methods.call(method, data)
        assert not isinstance(answer, AsyncGenerator)
        return await answer

    started = await ask("hls.start", roomId="room", peerId="ana", transcode=True)
    assert (started["roomId"], started["peerId"]) == ("room", "ana")
    assert [one["roomId"] for one in (await ask("hls.list"))["shows"]] == ["room"]
    assert await ask("hls.stop", roomId="room") == {"roomId": "room"}
    assert await ask("hls.list") == {"shows": []}
    await raises(NotFound, ask("hls.stop", roomId="room"))
    await raises(InvalidInput, ask("hls.start"))
    await shows.close()
