"""Denial: how a WebSocket that is refused learns the reason."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import PlainTextResponse
from starlette.websockets import WebSocket

from mediad.signaling.protoo.messages import SUBPROTOCOL
from mediad.signaling.server.websocket_protocol import abort_later

REFUSAL_CODE = 4000
"""The close code of a refusal is this plus the HTTP status."""

_GRACE_S = 10.0


async def deny(
    websocket: WebSocket,
    status: int,
    reason: str,
    headers: Mapping[str, str] | None = None,
    grace_s: float = _GRACE_S,
) -> None:
    """Answer the upgrade with an HTTP error, and its reason in the header that WebSocket libraries read.

    A browser shows neither to its pages. A page that asks for it (`explain=true`) gets a connection instead
    that closes at once, with the status and the same reason; it has `grace_s` to complete the closing
    handshake.
    """
    asked = websocket.query_params.get("explain") == "true"
    if asked and SUBPROTOCOL in websocket.scope["subprotocols"]:
        await websocket.accept(subprotocol=SUBPROTOCOL)
        await websocket.close(REFUSAL_CODE + status, _short(reason))
        abort_later(websocket.scope, grace_s)
        return
    told = {"X-WebSocket-Reject-Reason": reason, **(headers or {})}
    await websocket.send_denial_response(PlainTextResponse(reason, status, told))


def _short(reason: str) -> str:
    """Cut a reason to the 123 bytes that a close frame can hold (RFC 6455 section 5.5)."""
    return reason.encode()[:123].decode(errors="ignore")
