"""The node's state over HTTP: /stats, /workers and /health as JSON, /metrics as Prometheus reads it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response


class StatusSource(Protocol):
    """The node's reports about itself; each is a JSON-like object."""

    def stats(self) -> dict[str, Any]: ...

    def workers(self) -> dict[str, Any]: ...

    def health(self) -> dict[str, Any]:
        """Has `status`, which is "ok" or "degraded" while new rooms are welcome; anything else makes /health
        answer 503."""
        ...


Scrape = Callable[[str], Awaitable[tuple[bytes, str]]]
"""Makes the text of /metrics and its content type; takes the request's Accept header."""


class NodeEndpoints:
    """A handler for each path."""

    def __init__(self, status: StatusSource, scrape: Scrape | None = None) -> None:
        """Answer /metrics with `scrape`; without it there is none."""
        self._status = status
        self._scrape = scrape

    async def stats(self, request: Request) -> JSONResponse:
        """GET /stats"""
        return _json(self._status.stats())

    async def workers(self, request: Request) -> JSONResponse:
        """GET /workers"""
        return _json(self._status.workers())

    async def health(self, request: Request) -> JSONResponse:
        """GET /health"""
        report = self._status.health()
        return _json(report, 200 if report.get("status") in ("ok", "degraded") else 503)

    async def metrics(self, request: Request) -> Response:
        """GET /metrics"""
        if self._scrape is None:
            return PlainTextResponse("there are no metrics here", 404)
        text, content_type = await self._scrape(request.headers.get("accept", ""))
        return Response(text, headers={"Content-Type": content_type, "Cache-Control": "no-store"})


def _json(data: dict[str, Any], status: int = 200) -> JSONResponse:
    return JSONResponse(data, status, {"Cache-Control": "no-store"})
