"""Headers by which browsers are told what a page from here may do, and what may be done with an answer.

There is no Strict-Transport-Security: it would bind every port of the name, for as long as it says, to TLS.
Whoever serves a name over TLS alone lets the proxy send it.
"""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PAGE_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "worker-src 'self' blob:",  # the HLS player makes its worker from a text
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'self'",
    )
)
"""The policy of the pages: no script or style in the HTML, nothing from elsewhere, no frames of strangers."""

API_POLICY = "default-src 'none'; frame-ancestors 'none'"
"""The policy of everything else, should a browser show it."""

PERMISSIONS = "camera=(self), microphone=(self), display-capture=(self), geolocation=(), usb=(), payment=()"

_ALL = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",  # the URL of a page may hold a token
    "Content-Security-Policy": API_POLICY,
}

FOR_PAGES = {"Content-Security-Policy": PAGE_POLICY, "Permissions-Policy": PERMISSIONS}
"""The headers of a page, in place of those of all answers."""


class SecurityHeaders:
    """ASGI middleware that gives every answer the headers which it does not have yet."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _ALL.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, sending)
