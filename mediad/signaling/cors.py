"""CORS for the HTTP API, with origins that may change while it serves."""

from __future__ import annotations

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from mediad.signaling.access import Access

METHODS = ("GET", "POST", "DELETE")


class Cors:
    """Starlette's middleware, made anew when the rules change. WebSockets are Access's to judge."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access
        self._origins: tuple[str, ...] | None = None
        self._inner: ASGIApp = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        origins = self._access.rules.origins
        if origins != self._origins:
            self._origins = origins
            self._inner = self._app
            if origins is not None:
                self._inner = CORSMiddleware(
                    self._app, allow_origins=origins, allow_methods=METHODS, allow_headers=("*",)
                )
        await self._inner(scope, receive, send)
