"""The ASGI application behind mediad's one port: signaling, the demo page and the node's state.

WebSocket /     protoo (dialect A)          GET /stats, /workers, /health     JSON from a StatusSource
GET /…          the demo page              GET /metrics                      what Prometheus scrapes
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.datastructures import QueryParams
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket

from mediad import __version__, logs
from mediad.errors import MediadError, Unavailable
from mediad.rooms.registry import RoomRegistry
from mediad.rooms.seat import Seat
from mediad.signaling.access import Access, NotAdmitted, bearer
from mediad.signaling.cors import Cors, reached
from mediad.signaling.dialects import demo_a as dialect_a
from mediad.signaling.page import WEB_ROOT, Page
from mediad.signaling.protoo import messages as protoo
from mediad.signaling.protoo.connection import Answer, Connection
from mediad.signaling.protoo.limits import ConnectionLimits
from mediad.signaling.request_log import RequestLog
from mediad.signaling.server.websocket_protocol import abort_later

REFUSAL_CODE = 4000
"""Close codes that stand for a refusal are this and the HTTP status."""

CLOSE_GRACE_S = 10.0
"""What a refused client gets to take the closing handshake in."""

MAX_ID_LENGTH = 128
"""Characters of a room or peer id: they are keys, log context and part of every message."""

_log = logs.bind(__name__)


class StatusSource(Protocol):
    """What the node says about itself; each returns a JSON-like object."""

    def stats(self) -> dict[str, Any]: ...

    def workers(self) -> dict[str, Any]: ...

    def health(self) -> dict[str, Any]:
        """Has `status`, which is "ok" or "degraded" while new rooms are welcome; anything else makes /health
        answer 503."""
        ...


@dataclass(frozen=True, slots=True)
class SignalingSettings:
    """What the front needs to know."""

    version: str = __version__
    """Told to every client first; apps only show it."""
    web_root: Path = WEB_ROOT
    limits: ConnectionLimits = field(default_factory=ConnectionLimits)
    access: Access = field(default_factory=Access)


Scrape = Callable[[str], Awaitable[tuple[bytes, str]]]
"""From an Accept header to the text of /metrics and its content type."""

_REFUSALS = {400: "malformed", 401: "unauthorized", 403: "forbidden", 500: "error", 503: "unavailable"}
"""What operators are told about refusals, by HTTP status."""


class Refused(Exception):
    """The upgrade is answered with an HTTP error."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True, slots=True)
class Admission:
    """The query of a connection that may come in."""

    room_id: str
    peer_id: str
    consumer_replicas: int


def admit(subprotocols: list[str], query: QueryParams) -> Admission:
    """Judge an upgrade request; raises Refused."""
    if protoo.SUBPROTOCOL not in subprotocols:
        raise Refused(403, "invalid/missing Sec-WebSocket-Protocol")
    room_id, peer_id = query.get("roomId", ""), query.get("peerId", "")
    if not room_id or not peer_id:
        raise Refused(400, "Connection request without roomId and/or peerId")
    if max(len(room_id), len(peer_id)) > MAX_ID_LENGTH:
        raise Refused(400, f"roomId and peerId are limited to {MAX_ID_LENGTH} characters")
    return Admission(room_id, peer_id, _count(query.get("consumerReplicas", "")))


def _count(text: str) -> int:
    """Apps send "undefined" when they mean nothing: whatever is no number counts as 0."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def create_app(
    registry: RoomRegistry,
    status: StatusSource,
    settings: SignalingSettings | None = None,
    scrape: Scrape | None = None,
) -> Starlette:
    """The application; run it with `server.uvicorn_options()`. Without `scrape` there is no /metrics."""
    settings = settings or SignalingSettings()

    async def signaling(websocket: WebSocket) -> None:
        await _serve(websocket, registry, settings)

    async def stats(request: Request) -> JSONResponse:
        return _json(status.stats())

    async def workers(request: Request) -> JSONResponse:
        return _json(status.workers())

    async def health(request: Request) -> JSONResponse:
        report = status.health()
        return _json(report, 200 if report.get("status") in ("ok", "degraded") else 503)

    async def metrics(request: Request) -> Response:
        if scrape is None:
            return PlainTextResponse("there are no metrics here", 404)
        text, content_type = await scrape(request.headers.get("accept", ""))
        return Response(text, headers={"Content-Type": content_type, "Cache-Control": "no-store"})

    return Starlette(
        routes=[
            WebSocketRoute("/", signaling),
            WebSocketRoute("/{path:path}", _elsewhere),
            Route("/stats", stats),
            Route("/workers", workers),
            Route("/health", health),
            Route("/metrics", metrics),
            Mount("/", Page(settings.web_root)),
        ],
        middleware=[Middleware(RequestLog), Middleware(Cors, access=settings.access)],
    )


def _json(data: dict[str, Any], status: int = 200) -> JSONResponse:
    return JSONResponse(data, status, {"Cache-Control": "no-store"})


async def _elsewhere(websocket: WebSocket) -> None:
    refused = Refused(404, "signaling is at /")
    client = websocket.client.host if websocket.client else "a local socket"
    _log.info("client %s: refused with %d: %s", client, refused.status, refused)
    await _deny(websocket, refused)


async def _serve(websocket: WebSocket, registry: RoomRegistry, settings: SignalingSettings) -> None:
    """One WebSocket: judge it, find its peer, carry its messages, and let the peer go."""
    try:
        admission = admit(websocket.scope["subprotocols"], websocket.query_params)
        _authorize(websocket, admission, settings.access)
        log = _log.bind(room=admission.room_id, peer=admission.peer_id)
        connection = Connection(websocket, settings.limits, log)
        listener = dialect_a.DialectA(connection, settings.version)
        address = websocket.client.host if websocket.client is not None else None
        seat = await _connect(registry, admission, listener, address)
    except Refused as refused:
        query = websocket.query_params
        room_id, peer_id = (query.get(name, "")[:MAX_ID_LENGTH] for name in ("roomId", "peerId"))
        log = _log.bind(room=room_id or None, peer=peer_id or None)
        client = websocket.client.host if websocket.client else "a local socket"
        log.info("client %s: refused with %d: %s", client, refused.status, refused)
        registry.observer.refused(room_id, peer_id, _REFUSALS[refused.status], str(refused))
        await _deny(websocket, refused, settings.limits.close_grace_s)
        return

    async def handle(request: protoo.Request) -> Answer:
        answer = await dialect_a.handle(seat, request)
        if seat.peer.joined:
            connection.joined()
        return answer

    await connection.serve(handle, ended=seat.leave)


def _authorize(websocket: WebSocket, admission: Admission, access: Access) -> None:
    """Browsers cannot give a WebSocket headers of its own: their tokens come in the query."""
    headers = websocket.headers
    token = websocket.query_params.get("token") or bearer(headers.get("authorization"))
    try:
        access.require_origin(headers.get("origin"), headers.get("host"), reached(websocket.scope))
        access.require_token(token, admission.room_id, admission.peer_id)
    except NotAdmitted as error:
        raise Refused(error.status, str(error)) from None


async def _connect(
    registry: RoomRegistry, admission: Admission, listener: dialect_a.DialectA, address: str | None
) -> Seat:
    try:
        return await registry.connect(
            admission.room_id,
            admission.peer_id,
            listener,
            consumer_replicas=admission.consumer_replicas,
            address=address,
        )
    except Unavailable as error:
        raise Refused(503, str(error)) from None
    except MediadError as error:
        raise Refused(500, str(error)) from None


async def _deny(websocket: WebSocket, refused: Refused, grace_s: float = CLOSE_GRACE_S) -> None:
    """Answer the upgrade with an HTTP error; the header is where WebSocket libraries look for a reason.

    A browser keeps both from its pages. A page that asks for it (`explain=true`) gets a connection instead
    that closes at once, with the status and the same reason.
    """
    asked = websocket.query_params.get("explain") == "true"
    if asked and protoo.SUBPROTOCOL in websocket.scope["subprotocols"]:
        await websocket.accept(subprotocol=protoo.SUBPROTOCOL)
        await websocket.close(REFUSAL_CODE + refused.status, _short(str(refused)))
        abort_later(websocket.scope, grace_s)
        return
    response = PlainTextResponse(str(refused), refused.status, {"X-WebSocket-Reject-Reason": str(refused)})
    await websocket.send_denial_response(response)


def _short(reason: str) -> str:
    """What a close frame has room for (RFC 6455 §5.5)."""
    return reason.encode()[:123].decode(errors="ignore")
