"""A log line at level debug for each HTTP request that was answered. WebSockets have lines of their own."""

from __future__ import annotations

import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

logger = logging.getLogger(__name__)


class RequestLog:
    """ASGI middleware. The query is left out: it may hold a token."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not logger.isEnabledFor(logging.DEBUG):
            await self._app(scope, receive, send)
            return
        began_s = time.monotonic()
        client = scope.get("client") or ("somebody",)

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                taken_ms = 1000 * (time.monotonic() - began_s)
                what = (client[0], scope["method"], scope["path"], message["status"], taken_ms)
                logger.debug("%s asked %s %s: %d after %.0f ms", *what)
            await send(message)

        await self._app(scope, receive, told)
