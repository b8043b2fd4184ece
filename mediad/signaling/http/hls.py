"""HLS over HTTP: what a room shows to people who watch it without joining.

GET /hls/ROOM/streams              the streams: one for each peer that is shown
GET /hls/ROOM/STREAM/index.m3u8    a stream's playlist; with `_HLS_msn` and `_HLS_part`, once they are there
GET /hls/ROOM/STREAM/FILE          its segments
GET /watch/ROOM                    a page that plays them
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from mediad.errors import InvalidInput, NotFound, Unavailable
from mediad.rooms.registry import RoomRegistry
from mediad.signaling.access import Access
from mediad.signaling.http import exchange
from mediad.signaling.http.exchange import Endpoint
from mediad.signaling.http.granted import granted

PLAYLIST = "index.m3u8"
WAIT_S = 12.0
"""The longest wait for a part: three times the length of a segment."""
_AHEAD = 2
"""Segments after the newest that may be waited for (draft-pantos-hls-rfc8216bis section 6.2.5.2)."""

_SEGMENT = re.compile(r"\d{1,12}\.m4s|init-\d{1,12}\.mp4")
_URI = re.compile(r'(URI="[^"]*)"|^([^#\s].*)$', re.MULTILINE)


class Stream(Protocol):
    """One peer's stream, as it is served."""

    name: str
    """The part of the path that names it, without an id of a client."""
    peer_id: str
    display_name: str
    folder: Path
    newest: tuple[int, int]
    """The numbers of the newest segment and of the newest part in it."""

    async def reached(self, segment: int, part: int, timeout_s: float) -> bool:
        """Wait until this part, or a later one, is there. False when it does not come in time."""
        ...


class Shows(Protocol):
    """The rooms that are shown."""

    def streams(self, room_id: str) -> list[Stream]:
        """Return the streams of a room. Raises NotFound when it is not shown."""
        ...


class HlsEndpoints:
    """The handlers of the paths."""

    def __init__(self, registry: RoomRegistry, shows: Shows | None, access: Access) -> None:
        """Prepare the handlers; without `shows` no room is shown."""
        self._registry = registry
        self._shows = shows
        self._access = access
        self.streams: Endpoint = exchange.failing(self._streams)
        """Answers GET /hls/ROOM/streams."""
        self.file: Endpoint = exchange.failing(self._file)
        """Answers GET /hls/ROOM/STREAM/FILE."""

    async def _streams(self, request: Request) -> Response:
        streams = [
            {"peerId": one.peer_id, "displayName": one.display_name, "playlist": f"{one.name}/{PLAYLIST}"}
            for one in self._of_room(request)
        ]
        return JSONResponse({"streams": streams}, headers={"Cache-Control": "no-store"})

    async def _file(self, request: Request) -> Response:
        wanted, name = request.path_params["stream"], request.path_params["name"]
        stream = next((one for one in self._of_room(request) if one.name == wanted), None)
        if stream is None or not (name == PLAYLIST or _SEGMENT.fullmatch(name)):
            raise NotFound("there is no such stream, or it has ended")
        if name == PLAYLIST:
            return await self._playlist(request, stream)
        path = stream.folder / name
        if not path.is_file():
            raise NotFound(f"{name} is not there any more")
        return FileResponse(path, media_type="video/mp4", headers={"Cache-Control": "max-age=60"})

    def _of_room(self, request: Request) -> list[Stream]:
        room_id = request.path_params["room_id"]
        admitted = exchange.require_admitted(request, self._access, room_id, None)
        granted(self._registry, room_id, admitted).require_subscribe()
        if self._shows is None:
            raise NotFound("no room is shown over HLS here")
        return self._shows.streams(room_id)

    async def _playlist(self, request: Request, stream: Stream) -> Response:
        segment, part = _number(request, "_HLS_msn"), _number(request, "_HLS_part")
        if segment is not None:
            if segment > max(stream.newest[0], 0) + _AHEAD:
                raise InvalidInput(f"_HLS_msn is {segment}, but the newest segment is {stream.newest[0]}")
            wanted = (segment + 1, 0) if part is None else (segment, part)
            if not await stream.reached(*wanted, WAIT_S):
                raise Unavailable("the stream does not go on now; try again")
        elif part is not None:
            raise InvalidInput("_HLS_part needs _HLS_msn")
        try:
            text = (stream.folder / PLAYLIST).read_text()
        except FileNotFoundError:
            raise Unavailable("the stream has not begun yet; try again") from None
        token = request.query_params.get("token")
        headers = {"Cache-Control": "no-store"}
        return Response(
            with_token(text, token) if token else text, 200, headers, "application/vnd.apple.mpegurl"
        )


def with_token(text: str, token: str) -> str:
    """Return a playlist whose addresses carry the token: players do not repeat the playlist's own query."""
    query = f"?token={quote(token, safe='')}"

    def add(match: re.Match[str]) -> str:
        in_tag, line = match.groups()
        return f'{in_tag}{query}"' if in_tag is not None else f"{line}{query}"

    return _URI.sub(add, text)


def _number(request: Request, name: str) -> int | None:
    """Return a number of the query; None without it. Raises InvalidInput."""
    text: Any = request.query_params.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise InvalidInput(f"{name} is no number")
    return int(text)
