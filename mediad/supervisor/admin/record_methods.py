"""Methods about recordings: record.start, record.stop, record.list, record.directory."""

from __future__ import annotations

from typing import Any

import msgspec

from mediad.supervisor.admin.methods import Table, read
from mediad.supervisor.recording.recordings import Recordings


class _Start(msgspec.Struct, rename="camel"):
    room_id: str
    peer_id: str | None = None
    directory: str | None = None
    format: str | None = None


class _Stop(msgspec.Struct, rename="camel"):
    recording: str
    """The id of a recording, or of a room."""


def table(recordings: Recordings) -> Table:
    """The methods, by name."""

    async def start(data: dict[str, Any]) -> dict[str, Any]:
        """Record; the directory may be any, for who may use the admin socket may have the daemon killed."""
        asked = read(data, _Start)
        return await recordings.start(
            asked.room_id, asked.peer_id, directory=asked.directory, container=asked.format
        )

    async def stop(data: dict[str, Any]) -> dict[str, Any]:
        return {"recordings": await recordings.stop_by_name(read(data, _Stop).recording)}

    async def list_(data: dict[str, Any]) -> dict[str, Any]:
        return {"recordings": await recordings.list()}

    async def directory(data: dict[str, Any]) -> dict[str, Any]:
        return {"directory": recordings.directory()}

    return {
        "record.start": start,
        "record.stop": stop,
        "record.list": list_,
        "record.directory": directory,
    }
