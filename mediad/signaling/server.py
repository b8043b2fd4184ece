"""How uvicorn must be set up to carry the signaling: one dictionary, and a WebSocket protocol that ends well.

Two things uvicorn leaves open are closed here. When a client sends too large a message, the close code must
reach it: the rest of that message is read and thrown away, because a socket closed with unread data answers
with a reset that overtakes the close frame. And a client that stopped reading must be droppable: the
application finds `transport.abort` among the scope's extensions, since a polite close waits for a buffer
that will never drain.
"""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from mediad.signaling.protoo import MAX_MESSAGE_BYTES

ABORT_EXTENSION = "mediad.abort"


class SignalingProtocol(WebSocketsSansIOProtocol):
    """uvicorn's `websockets-sansio`, with both ends of a bad connection tied up."""

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.response.status_code == 101:
            self.scope["extensions"][ABORT_EXTENSION] = {"abort": self.transport.abort}

    def handle_parser_exception(self) -> None:
        """Send the close frame the parser decided on, then only our half of the connection ends."""
        if self.close_timer is not None:
            return
        close = self.conn.close_sent
        if close is None:
            self.transport.abort()
            return
        self.queue.put_nowait({"type": "websocket.disconnect", "code": close.code, "reason": close.reason})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.close_timer = self.loop.call_later(self.close_timeout, self.transport.abort)
        if self.transport.can_write_eof():
            self.transport.write_eof()
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()

    def keepalive_timeout(self) -> None:
        """A client that does not answer pings does not take the closing handshake either."""
        super().keepalive_timeout()
        self.transport.abort()


def abort_later(scope: MutableMapping[str, Any], delay_s: float) -> None:
    """Make sure the closing handshake of this connection ends even when the client does not read."""
    extension = scope.get("extensions", {}).get(ABORT_EXTENSION)
    if extension is not None:
        asyncio.get_running_loop().call_later(delay_s, extension["abort"])


def uvicorn_options() -> dict[str, Any]:
    """The part of uvicorn's configuration the signaling depends on; the rest is the caller's."""
    return {
        "ws": SignalingProtocol,
        "ws_max_size": MAX_MESSAGE_BYTES,
        "ws_ping_interval": 20.0,
        "ws_ping_timeout": 10.0,
        # messages are few and small: not worth 40 kB of zlib state for every client
        "ws_per_message_deflate": False,
        "lifespan": "off",
    }
