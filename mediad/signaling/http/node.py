"""The node's state over HTTP: /stats, /workers and /health as JSON, /metrics in Prometheus' format."""

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
        """Return the report for /health.

        Its `status` is "ok" or "degraded" while new rooms are accepted; for any other /health answers 503.
        """
        ...


Scrape = Callable[[str], Awaitable[tuple[bytes, str]]]
"""A function that returns the text of /metrics and its content type for a request's Accept header."""


class NodeEndpoints:
    """The handlers of the paths."""

    def __init__(self, status: StatusSource, scrape: Scrape | None = None) -> None:
        """Answer /metrics with `scrape`; without it /metrics answers 404."""
        self._status = status
        self._scrape = scrape

    async def stats(self, request: Request) -> JSONResponse:
        """Answer GET /stats."""
        return _json(self._status.stats())

    async def workers(self, request: Request) -> JSONResponse:
        """Answer GET /workers."""
        return _json(self._status.workers())

    async def health(self, request: Request) -> JSONResponse:
        """Answer GET /health."""
        report = self._status.health()
        return _json(report, 200 if report.get("status") in ("ok", "degraded") else 503)

    async def metrics(self, request: Request) -> Response:
        """Answer GET /metrics."""
        if self._scrape is None:
            return PlainTextResponse("there are no metrics here", 404)
        text, content_type = await self._scrape(request.headers.get("accept", ""))
        return Response(text, headers={"Content-Type": content_type, "Cache-Control": "no-store"})


def _json(data: dict[str, Any], status: int = 200) -> JSONResponse:
    return JSONResponse(data, status, {"Cache-Control": "no-store"})
