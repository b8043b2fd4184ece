"""Methods about rooms that are shown over HLS: hls.start, hls.stop, hls.list."""

from __future__ import annotations

from typing import Any

import msgspec

from mediad.supervisor.admin.methods import Table, read
from mediad.supervisor.hls.shows import Shows


class _Start(msgspec.Struct, rename="camel"):
    room_id: str
    peer_id: str | None = None
    transcode: bool = False


class _Stop(msgspec.Struct, rename="camel"):
    room_id: str


def table(shows: Shows) -> Table:
    """The methods, by name."""

    async def start(data: dict[str, Any]) -> dict[str, Any]:
        asked = read(data, _Start)
        return await shows.start(asked.room_id, asked.peer_id, transcode=asked.transcode)

    async def stop(data: dict[str, Any]) -> dict[str, Any]:
        room_id = read(data, _Stop).room_id
        await shows.stop(room_id)
        return {"roomId": room_id}

    async def list_(data: dict[str, Any]) -> dict[str, Any]:
        return {"shows": shows.under_way()}

    return {"hls.start": start, "hls.stop": stop, "hls.list": list_}
