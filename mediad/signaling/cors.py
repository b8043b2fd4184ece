"""CORS for the HTTP API, with origins that may change while it serves."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from mediad.signaling.access import Access, NotAdmitted

METHODS = ("GET", "POST", "DELETE")


def reached(scope: Scope) -> str | None:
    """The address of ours that the client came to."""
    server = scope.get("server")
    return server[0] if server else None


class Cors:
    """Starlette's middleware, made anew when the rules change. Access judges WebSockets."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access
        self._origins: tuple[str, ...] | None = None
        self._inner: ASGIApp = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            try:
                self._access.require_host(Headers(scope=scope).get("host"), reached(scope))
            except NotAdmitted as error:
                await PlainTextResponse(f"{error}\n", error.status)(scope, receive, send)
                return
        origins = self._access.rules.origins
        if origins != self._origins:
            self._origins = origins
            self._inner = self._app
            if origins is not None:
                self._inner = CORSMiddleware(
                    self._app,
                    allow_origins=origins,
                    allow_methods=METHODS,
                    allow_headers=("*",),
                    # apps may ask with credentials, of which there are none here; browsers then want this
                    allow_credentials="*" not in origins,
                )
        await self._inner(scope, receive, send)
