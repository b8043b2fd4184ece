"""The ASGI application behind mediad's one port: which path leads where.

WebSocket /     signaling                  GET /stats, /workers, /health     the node's state
GET /…          the demo page              GET /metrics                      what Prometheus scrapes
/rooms/…        broadcasters, recordings   /socket.io/…                      clients that speak Socket.IO
/hls/…          what a room shows          GET /watch/ROOM                   the page that plays it
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, Route, WebSocketRoute

from mediad import __version__
from mediad.rooms.registry import RoomRegistry
from mediad.signaling.access import Access
from mediad.signaling.awaited_keys import AwaitedKeys
from mediad.signaling.clients import Clients
from mediad.signaling.cors import Cors
from mediad.signaling.dialects import learning_demo, meetlite
from mediad.signaling.dialects.event_dialect import EventDialect
from mediad.signaling.entry import Entry
from mediad.signaling.http.broadcaster_orders import ORDERS
from mediad.signaling.http.broadcasters import ONE, BroadcasterEndpoints
from mediad.signaling.http.hls import HlsEndpoints, Shows
from mediad.signaling.http.node import NodeEndpoints, Scrape, StatusSource
from mediad.signaling.http.recordings import Recordings, recording_routes
from mediad.signaling.limits import ConnectionLimits
from mediad.signaling.page import WEB_ROOT, Page
from mediad.signaling.request_log import RequestLog
from mediad.signaling.security_headers import SecurityHeaders
from mediad.signaling.socketio.endpoint import SocketIo
from mediad.signaling.socketio.hub import Hub


@dataclass(frozen=True, slots=True)
class SignalingSettings:
    """The settings of the application."""

    version: str = __version__
    """Told to every client first; apps only show it."""
    web_root: Path = WEB_ROOT
    limits: ConnectionLimits = field(default_factory=ConnectionLimits)
    access: Access = field(default_factory=Access)


def create_app(
    registry: RoomRegistry,
    status: StatusSource,
    settings: SignalingSettings | None = None,
    scrape: Scrape | None = None,
    recordings: Recordings | None = None,
    shows: Shows | None = None,
) -> Starlette:
    """Make the application; run it with `server.uvicorn_options()`.

    Without `scrape` there is no /metrics, without `recordings` nothing can be recorded, and without `shows`
    nothing is shown over HLS.
    """
    settings = settings or SignalingSettings()
    entry = Entry(registry, settings.access, settings.limits, settings.version)
    broadcasters = BroadcasterEndpoints(registry, settings.access)
    node = NodeEndpoints(status, scrape)
    dialects: dict[str, EventDialect] = {
        meetlite.NAMESPACE: meetlite.MeetLite(registry, settings.access),
        learning_demo.NAMESPACE: learning_demo.LearningDemo(registry, settings.access),
    }
    hub = Hub(dialects, settings.limits)
    page = Page(settings.web_root)
    hls = HlsEndpoints(registry, shows, settings.access)
    return Starlette(
        routes=[
            Mount("/socket.io", SocketIo(hub, settings.access, lambda: registry.draining)),
            WebSocketRoute("/", entry.serve),
            WebSocketRoute("/{path:path}", entry.serve_elsewhere),
            Route("/rooms/{room_id}", broadcasters.room),
            Route("/rooms/{room_id}/broadcasters", broadcasters.create, methods=["POST"]),
            *(
                Route(ONE + path, broadcasters.about(handler), methods=[method])
                for method, path, handler in ORDERS
            ),
            *recording_routes(registry, settings.access, recordings),
            Route("/stats", node.stats),
            Route("/workers", node.workers),
            Route("/health", node.health),
            Route("/metrics", node.metrics),
            Route("/hls/{room_id}/streams", hls.streams),
            Route("/hls/{room_id}/{stream}/{name}", hls.file),
            Route("/watch/{room_id}", page.watch),
            Mount("/", page),
        ],
        middleware=[
            Middleware(SecurityHeaders),
            Middleware(Clients),
            Middleware(RequestLog),
            Middleware(Cors, access=settings.access),
            Middleware(AwaitedKeys, access=settings.access),
        ],
    )
