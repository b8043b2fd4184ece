"""AwaitedKeys: the middleware in which a request waits for its token's key, while that is being fetched."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from mediad.signaling.access import Access
from mediad.signaling.clients import token_in


class AwaitedKeys:
    """The application, for requests whose keys are there."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and self._access.needs_tokens:
            await self._access.ready_for(token_in(scope))
        await self._app(scope, receive, send)
