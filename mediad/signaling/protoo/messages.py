"""protoo, the envelope on the WebSocket: four message shapes and a table of requests awaiting their answer.

Sans-I/O: text comes in, text goes out, time is an argument. `parse` and the `*_text` functions know the
shapes, `RequestTable` knows the open requests to the client and their deadlines; sockets, futures and clocks
belong to `connection.py`.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import Any

import msgspec

from mediad.signaling import json_input
from mediad.signaling.json_input import MISSING

SUBPROTOCOL = "protoo"

MAX_REASON_LENGTH = 200
"""The longest reason of a client's refusal in characters; reasons go to the log."""

_TIMEOUT_BASE_US = 30_000_000
_TIMEOUT_PER_PENDING_US = 200_000
_ID_SPACE = 10_000_000

Number = int | float


class ProtocolViolation(Exception):
    """Error: a frame that is no protoo message.

    `request_id` is the id for the answer, or MISSING when the client does not wait for one.
    """

    def __init__(self, reason: str, request_id: Any = MISSING) -> None:
        super().__init__(reason)
        self.request_id = request_id


@dataclass(frozen=True, slots=True)
class Request:
    """A request of the client; exactly one response with the same id goes back."""

    id: Number
    method: str
    data: Any


@dataclass(frozen=True, slots=True)
class Response:
    """The client's answer to one of our requests. `code` and `reason` count only when `ok` is false."""

    id: Number
    ok: bool
    data: Any
    code: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Notification:
    """A message of the client that gets no answer."""

    method: str
    data: Any


Message = Request | Response | Notification


def parse(text: str) -> Message:
    """Return the message of a frame. Raises ProtocolViolation for anything else.

    The kind is decided by truthiness, `request` before `response` before `notification`, as every protoo
    implementation does, and falsy data becomes an empty object.
    """
    try:
        root = json_input.decode(text)
    except ValueError as error:
        raise ProtocolViolation(str(error), json_input.find_id(text)) from None
    if not isinstance(root, dict):
        raise ProtocolViolation("message is not an object")
    if _truthy(root.get("request")):
        return _request(root)
    if _truthy(root.get("response")):
        return _response(root)
    if _truthy(root.get("notification")):
        return _notification(root)
    reason = "message is neither request, response nor notification"
    raise ProtocolViolation(reason, root.get("id", MISSING))


def _request(root: dict[str, Any]) -> Request:
    identifier = _identifier(root)
    if identifier is None:
        raise ProtocolViolation("missing/invalid id field", root.get("id", MISSING))
    method = root.get("method")
    if not isinstance(method, str):
        raise ProtocolViolation("missing/invalid method field", identifier)
    return Request(identifier, method, _data(root.get("data")))


def _response(root: dict[str, Any]) -> Response:
    identifier = _identifier(root)
    if identifier is None:
        raise ProtocolViolation("missing/invalid id field")
    if _truthy(root.get("ok")):
        return Response(identifier, True, _data(root.get("data")))
    code, reason = root.get("errorCode"), root.get("errorReason")
    return Response(
        identifier,
        False,
        {},
        code if isinstance(code, int) else 0,
        reason[:MAX_REASON_LENGTH] if isinstance(reason, str) else "",
    )


def _notification(root: dict[str, Any]) -> Notification:
    method = root.get("method")
    if not isinstance(method, str):
        raise ProtocolViolation("missing/invalid method field")
    return Notification(method, _data(root.get("data")))


def _truthy(value: Any) -> bool:
    """True for values that JavaScript takes for true: an empty array or object is one."""
    return isinstance(value, list | dict) or bool(value)


def _data(value: Any) -> Any:
    return value if _truthy(value) else {}


def _identifier(root: dict[str, Any]) -> Number | None:
    """Return the id of a message; None when it has none that protoo allows."""
    identifier = root.get("id")
    # bool is an int to Python and not a number to JSON
    if isinstance(identifier, bool) or not isinstance(identifier, int | float):
        return None
    if not math.isfinite(identifier):
        return None
    return identifier


def request_text(identifier: Number, method: str, data: Any) -> str:
    return _text({"request": True, "id": identifier, "method": method, "data": _data(data)})


def success_text(identifier: Number, data: Any) -> str:
    return _text({"response": True, "id": identifier, "ok": True, "data": _data(data)})


def error_text(identifier: Any, code: int, reason: str) -> str:
    """Return an error response; `identifier` is the client's, even of a kind that protoo does not allow."""
    if not isinstance(identifier, int | float | str) or (
        isinstance(identifier, str) and len(identifier) > 128
    ):
        identifier = None
    return _text({"response": True, "id": identifier, "ok": False, "errorCode": code, "errorReason": reason})


def notification_text(method: str, data: Any) -> str:
    return _text({"notification": True, "method": method, "data": _data(data)})


def _text(message: dict[str, Any]) -> str:
    return msgspec.json.encode(message).decode()


class RequestTable:
    """The requests to a client that it has not answered yet.

    Every request gets 30 s, and 0.2 s more for each one already open when it is made: a client that joins a
    large room has that many consumers to set up, one after the other.
    """

    def __init__(self, first_id: int | None = None) -> None:
        self._next_id = random.randrange(_ID_SPACE) if first_id is None else first_id
        self._deadlines: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._deadlines)

    def open(self, now_us: int) -> int:
        """Return the id of a new request, whose deadline begins now."""
        identifier = self._next_id
        self._next_id = (identifier + 1) % _ID_SPACE
        self._deadlines[identifier] = (
            now_us + _TIMEOUT_BASE_US + _TIMEOUT_PER_PENDING_US * len(self._deadlines)
        )
        return identifier

    def settle(self, identifier: Number) -> int | None:
        """Close the request that an answer is for and return its id; None when no such request is open."""
        if not math.isfinite(identifier) or identifier != int(identifier):
            return None
        if self._deadlines.pop(int(identifier), None) is None:
            return None
        return int(identifier)

    def get_timer(self) -> int | None:
        """Return the time at which `handle_timer` shall be called, in µs; None while nothing is open."""
        return min(self._deadlines.values(), default=None)

    def handle_timer(self, now_us: int) -> list[int]:
        """Close the requests whose deadline has passed and return their ids."""
        expired = [identifier for identifier, deadline in self._deadlines.items() if deadline <= now_us]
        for identifier in expired:
            del self._deadlines[identifier]
        return expired
