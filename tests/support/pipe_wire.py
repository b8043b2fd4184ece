"""Messages of the pipe in the spelling they have there."""

from __future__ import annotations

from typing import Any

import msgspec

import mediad.pipe.recorder_requests
import mediad.pipe.requests
import mediad.pipe.throttle_requests
import mediad.pipe.transport_requests
import mediad.pipe.worker_requests  # noqa: F401
from mediad.pipe.events import EVENTS
from mediad.pipe.messages import Event, Message, Request

_OURS = [kind for kind in Request.__subclasses__() if kind.__module__.startswith("mediad.pipe.")]
_RECORDER = "mediad.pipe.recorder_requests"

REQUESTS: dict[str, type[Request[Any]]] = {kind.row: kind for kind in _OURS if kind.__module__ != _RECORDER}
"""Every request to a worker, by its name on the pipe; tests have requests of their own."""

RECORDER_REQUESTS: dict[str, type[Request[Any]]] = {
    kind.row: kind for kind in _OURS if kind.__module__ == _RECORDER
}
"""Every request to a recorder."""


def wire(message: Message) -> dict[str, Any]:
    """The fields of a message, those that equal their default left out."""
    data: dict[str, Any] = msgspec.to_builtins(message)
    return data


def request(row: str, /, **data: Any) -> Request[Any]:
    """The request of this name; what does not fit is an error of the test."""
    kind: type[Request[Any]] = REQUESTS[row]
    asked: Request[Any] = msgspec.convert(data, kind)
    return asked


def event(row: str, /, **data: Any) -> Event:
    """The event of this name; what does not fit is an error of the test."""
    return msgspec.convert(data, EVENTS[row])
