"""The demo page: the built files of `mediad/web/dist`, or instructions to build them."""

from __future__ import annotations

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from mediad.needs import PAGE
from mediad.signaling.security_headers import FOR_PAGES

WEB_ROOT = PAGE.parent

_NOT_BUILT = """\
mediad is running, but its demo page is not built.

Build it with

    ./scripts/build

(needs Node.js and npm), then load this page again. Signaling works without it.
"""


class Page:
    """Serves files below `root`, `index.html` for directories.

    Files are looked up anew each time: a build needs no restart.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._files = StaticFiles(directory=root, html=True, check_dir=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._response(scope)
        await response(scope, receive, send)

    async def watch(self, request: Request) -> Response:
        """Answer with the page that plays what a room shows over HLS."""
        return await self._file("watch.html", request.scope)

    async def _response(self, scope: Scope) -> Response:
        return await self._file(self._files.get_path(scope), scope)

    async def _file(self, path: str, scope: Scope) -> Response:
        if path in (".", "watch.html") and not (self._root / "index.html").is_file():
            return PlainTextResponse(_NOT_BUILT, 503, {"Cache-Control": "no-store"})
        try:
            response = await self._files.get_response(path, scope)
        except HTTPException as error:
            return PlainTextResponse(error.detail, error.status_code)
        # the browser asks whether a file changed, and is told 304: no stale page after an update
        response.headers["Cache-Control"] = "no-cache"
        response.headers.update(FOR_PAGES)
        return response
