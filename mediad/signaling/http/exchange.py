"""Exchange: what every request of the HTTP API has in common: who may ask, its body, and its errors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from mediad import logs
from mediad.budgets.refusal import RETRY, OverLimit
from mediad.errors import (
    Forbidden,
    InvalidInput,
    InvalidState,
    MediadError,
    NotFound,
    Unavailable,
    Unsupported,
)
from mediad.signaling import json_input
from mediad.signaling.access import Access, Admitted, NotAdmitted, bearer
from mediad.signaling.cors import reached
from mediad.signaling.dialects.dialect import Data

MAX_BODY_BYTES = 64 * 1024
"""The largest body, as for messages of a client that has not joined."""

_STATUS: tuple[tuple[type[MediadError], int], ...] = (
    (Unavailable, 503),
    (InvalidInput, 400),
    (NotFound, 404),
    (InvalidState, 409),
    (Forbidden, 403),
    (Unsupported, 500),
)

REFUSALS = {401: "unauthorized", 403: "forbidden", 429: "limited", 503: "unavailable"}
"""The refusals that operators are told of, by HTTP status, with the kind that they know them by."""

_log = logs.bind(__name__)

DataT = TypeVar("DataT", bound=Data)

Endpoint = Callable[[Request], Awaitable[Response]]


class Failed(Exception):
    """Error: the request is answered with this HTTP status and text."""

    def __init__(self, status: int, text: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.headers = headers or {}


def require_admitted(request: Request, access: Access, room_id: str, peer_id: str | None) -> Admitted:
    """Judge origin and token. Raises Failed. Without a `peer_id`, a token of any peer will do."""
    headers = request.headers
    token = request.query_params.get("token") or bearer(headers.get("authorization"))
    try:
        access.require_origin(headers.get("origin"), headers.get("host"), reached(request.scope))
        address = request.client.host if request.client is not None else None
        return access.require_token(token, room_id, peer_id, address)
    except NotAdmitted as error:
        raise Failed(error.status, str(error), error.headers) from None


async def read_object(request: Request) -> dict[str, Any]:
    """Return the JSON object of the body; an empty body is an empty one. Raises Failed."""
    body = bytearray()
    account = request.scope["state"]["connection"].account
    try:
        async for portion in request.stream():
            body += portion
            account.hold("body", len(body))
            if len(body) > MAX_BODY_BYTES:
                raise Failed(413, f"a body is limited to {MAX_BODY_BYTES} bytes")
    except ClientDisconnect:
        raise Failed(400, "the request has no end") from None
    finally:
        account.hold("body", 0)
    if not body:
        return {}
    try:
        value = json_input.decode(body.decode())
    except ValueError as error:
        raise Failed(400, str(error)) from None
    if not isinstance(value, dict):
        raise Failed(400, "the body is not a JSON object")
    return value


def read_as(schema: type[DataT], value: dict[str, Any]) -> DataT:
    """Return a body as its struct. Raises InvalidInput with what is wrong."""
    try:
        return msgspec.convert(value, schema)
    except msgspec.ValidationError as error:
        raise InvalidInput(str(error)) from None


def json_response(data: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return an answer in JSON, which msgspec writes in a tenth of the time that Starlette needs."""
    return Response(msgspec.json.encode(data), status, headers, "application/json")


def status_of(error: MediadError) -> int:
    """Return the HTTP status of an error."""
    if isinstance(error, OverLimit):
        return error.refusal.status
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def headers_of(error: MediadError) -> Mapping[str, str]:
    """Return the headers of an error's answer, which say when to try again."""
    if isinstance(error, OverLimit):
        return error.refusal.headers
    return RETRY if isinstance(error, Unavailable) else {}


def failing(endpoint: Endpoint) -> Endpoint:
    """Return an endpoint that answers the errors of this one with their status, and their reason as text."""

    async def guarded(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Failed as failed:
            status, text, headers = failed.status, str(failed), failed.headers
        except MediadError as error:
            status, text, headers = status_of(error), str(error), headers_of(error)
        client = request.client.host if request.client else "a local socket"
        log = _log.info if status in REFUSALS else _log.debug
        log("client %s: %s %s refused with %d: %s", client, request.method, request.url.path, status, text)
        return PlainTextResponse(text, status, headers)

    return guarded
