"""The options with which uvicorn carries the signaling."""

from __future__ import annotations

from functools import partial
from typing import Any

from mediad.signaling.server.client_connection import FrontState
from mediad.signaling.server.http_protocol import HttpProtocol
from mediad.signaling.server.websocket_protocol import SignalingProtocol

MAX_MESSAGE_BYTES = 960_000
"""The largest message of a client, in its frames' payload; a connection that sends more is closed."""


def uvicorn_options(front_state: FrontState | None = None) -> dict[str, Any]:
    """The part of uvicorn's configuration that the signaling depends on; the rest is the caller's."""
    return {
        "http": partial(HttpProtocol, front_state or FrontState()),
        "ws": SignalingProtocol,
        "ws_max_size": MAX_MESSAGE_BYTES,
        "ws_ping_interval": 20.0,
        "ws_ping_timeout": 10.0,
        # messages are few and small: not worth 40 kB of zlib state for every client
        "ws_per_message_deflate": False,
        # any client can send these headers; `clients.py` believes those of trusted proxies alone
        "proxy_headers": False,
        "lifespan": "off",
    }
