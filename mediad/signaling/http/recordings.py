"""Recordings over HTTP: begun, listed and ended, for whoever a token gives the right to.

POST    /rooms/ROOM/recordings       begin, with {"peerId"?, "format"?}: 201
GET     /rooms/ROOM/recordings       those under way
DELETE  /rooms/ROOM/recordings[/ID]  end all, or one: answered when the files are whole
"""

from __future__ import annotations

from posixpath import basename
from typing import Any, Literal, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mediad.errors import Unsupported
from mediad.rooms.registry import RoomRegistry
from mediad.signaling.access import Access
from mediad.signaling.dialects.dialect import Data
from mediad.signaling.http import exchange
from mediad.signaling.http.exchange import Failed
from mediad.signaling.http.granted import granted

ALL = "/rooms/{room_id}/recordings"


class Recordings(Protocol):
    """The recordings of the node. Descriptions are JSON-like objects."""

    async def start(
        self,
        room_id: str,
        peer_id: str | None = None,
        *,
        directory: str | None = None,
        container: str | None = None,
    ) -> dict[str, Any]: ...

    async def stop(
        self, room_id: str | None = None, recording_id: str | None = None
    ) -> list[dict[str, Any]]: ...

    async def list(self) -> list[dict[str, Any]]: ...


class _Start(Data):
    peer_id: str | None = None
    format: Literal["mkv", "mp4", "webm"] | None = None


class RecordingEndpoints:
    """The handlers of the paths."""

    def __init__(self, registry: RoomRegistry, access: Access, recordings: Recordings | None) -> None:
        self._registry = registry
        self._access = access
        self._recordings = recordings

    async def create(self, request: Request) -> Response:
        """Answer POST."""
        room_id, recordings = self._admit(request)
        asked = exchange.read_as(_Start, await exchange.read_object(request))
        begun = await recordings.start(room_id, asked.peer_id, container=asked.format)
        where = {"Location": f"{request.url.path}/{begun['recordingId']}"}
        return JSONResponse(_public(begun), 201, where)

    async def list(self, request: Request) -> Response:
        """Answer GET."""
        room_id, recordings = self._admit(request)
        self._registry.room(room_id)
        under_way = [_public(one) for one in await recordings.list() if one["roomId"] == room_id]
        return JSONResponse({"recordings": under_way}, headers={"Cache-Control": "no-store"})

    async def delete(self, request: Request) -> Response:
        """Answer DELETE."""
        room_id, recordings = self._admit(request)
        ended = await recordings.stop(room_id, request.path_params.get("recording_id"))
        return JSONResponse({"recordings": [_public(one) for one in ended]})

    def _admit(self, request: Request) -> tuple[str, Recordings]:
        """Return room and recordings. Raises Failed for a client that may not record."""
        room_id: str = request.path_params["room_id"]
        try:
            admitted = exchange.require_admitted(request, self._access, room_id, None)
            if not granted(self._registry, room_id, admitted).record:
                raise Failed(403, 'the token has no claim "mayRecord": true (grant record)')
        except Failed as failed:
            kind = exchange.REFUSALS[failed.status]
            self._registry.observer.refused(room_id[:128], "", kind, str(failed))
            raise
        if self._recordings is None:
            raise Unsupported("nothing can be recorded here")
        return room_id, self._recordings


def recording_routes(registry: RoomRegistry, access: Access, recordings: Recordings | None) -> list[Route]:
    """Return the routes of recordings."""
    endpoints = RecordingEndpoints(registry, access, recordings)
    return [
        Route(ALL, exchange.failing(endpoints.create), methods=["POST"]),
        Route(ALL, exchange.failing(endpoints.list), methods=["GET"]),
        Route(ALL, exchange.failing(endpoints.delete), methods=["DELETE"]),
        Route(ALL + "/{recording_id}", exchange.failing(endpoints.delete), methods=["DELETE"]),
    ]


def _public(recording: dict[str, Any]) -> dict[str, Any]:
    """Return a recording without what is the operator's alone: process ids, and paths on this machine."""
    kept = {name: value for name, value in recording.items() if name not in ("pid", "folder", "files")}
    files = [
        {name: basename(value) if name == "path" else value for name, value in file.items()}
        for file in recording["files"]
    ]
    return {**kept, "files": files}
