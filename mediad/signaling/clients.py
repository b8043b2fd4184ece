"""Clients: the address that each request is really from, and how often its holder may ask."""

from __future__ import annotations

from starlette.datastructures import Headers, QueryParams
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from mediad.budgets.holders import Holders, holders_at
from mediad.budgets.refusal import Refusal
from mediad.signaling.access import bearer
from mediad.signaling.denial import deny
from mediad.signaling.server.client_connection import ClientConnection, now_us


class Clients:
    """ASGI middleware, before all others: it sets the client in the scope, and charges its budgets."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        refusal = _judge(scope)
        if refusal is None:
            await self._app(scope, receive, send)
            return
        if scope["type"] == "websocket":
            await deny(WebSocket(scope, receive, send), refusal.status, str(refusal), refusal.headers)
        else:
            response = PlainTextResponse(f"{refusal}\n", refusal.status, refusal.headers)
            await response(scope, receive, send)


def token_in(scope: Scope) -> str | None:
    """Return the token that a request brings, in its query or the header Authorization; not yet judged."""
    if b"token=" in scope["query_string"] and (token := QueryParams(scope["query_string"]).get("token")):
        return token
    return bearer(Headers(scope=scope).get("authorization"))


def _judge(scope: Scope) -> Refusal | None:
    """Find out whose request it is, and charge it for it; a refusal when it makes too many."""
    connection: ClientConnection = scope["state"]["connection"]
    budgets, now_s = connection.front_state.budgets, now_us() / 1e6
    told = _told_client(scope, connection)
    if told is not None:
        scope["client"] = (told, 0)
    address = scope["client"][0] if scope.get("client") else None
    holders: Holders = holders_at(address, token_in(scope))
    connection.holders = holders
    if scope["type"] == "http":
        return budgets.spend("http_requests", holders, now_s)
    return None if told is None else connection.belongs_to(told)


def _told_client(scope: Scope, connection: ClientConnection) -> str | None:
    """Return the address of the client that a proxy tells; None when the client came by itself."""
    client = scope.get("client")
    if client is None or connection.told_client is not None:
        return None
    forwarded = Headers(scope=scope).getlist("x-forwarded-for")
    told = connection.front_state.proxies.client_of(client[0], forwarded)
    return None if told == client[0] else told
