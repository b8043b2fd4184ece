"""Dialect: the contract of a way of speaking with clients, and all that such ways have in common.

A dialect is two tables, of requests and of notifications, from a name to a `Method`, the texts of its errors,
and a listener that says in its own words what the room tells a client. It holds no rule of a call: those are
the seat's, and a rule about what follows an answer comes inside the seat's Reply. Nothing here knows how
frames are written; that is the shell's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from mediad.budgets.refusal import OverLimit
from mediad.errors import Forbidden, Full, MediadError
from mediad.rooms.grants import NotGranted
from mediad.rooms.listener import PeerListener
from mediad.rooms.reply import Reply
from mediad.rooms.seat import Seat
from mediad.rooms.throttling import WrongSecret
from mediad.rooms.unknown import Unknown


class Data(msgspec.Struct, rename="camel"):
    """Base of the data of every request: camelCase on the wire, unknown keys ignored."""


class ClientRefused(Exception):
    """The client answered one of our requests with an error."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class RequestFailed(Exception):
    """Error: a client's message fails; a request is answered with this code and reason.

    `violation` counts against the client.
    """

    def __init__(self, code: int, reason: str, *, violation: bool = False) -> None:
        super().__init__(reason)
        self.code = code
        self.violation = violation


class Wire(Protocol):
    """A client's connection as a listener uses it: everything said leaves in the order it was said."""

    def notify(self, method: str, data: Any, *, droppable: bool = False) -> None:
        """Queue a notification; a droppable one is left out while the client is far behind."""
        ...

    async def request(self, method: str, data: Any) -> Any:
        """Ask the client and wait for its answer; the request is queued before the first suspension.

        Raises ClientRefused, TimeoutError, or InvalidState when the client goes away.
        """
        ...

    def close(self, code: int, reason: str) -> None:
        """End the connection; returns at once."""
        ...


Handler = Callable[[Seat, Any], Awaitable[Reply[Any]]]
"""Does what a request asks for, its data being of the row's schema; spells the seat's Reply."""


@dataclass(frozen=True, slots=True)
class Method:
    """One row: who handles the message, what its data must look like, and when it is looked at.

    `joined` is checked before the data: True for members only, False for those who are none yet.
    """

    handler: Handler
    schema: type[Data]
    joined: bool | None = True


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of errors that apps of a dialect may look for."""

    unknown_request: str
    """The error of a request that is in no row, with `{}` for its name."""
    not_joined: str
    """The error of a request that only members may make."""
    no_names: str
    """The error of a connection without the names of its room and peer."""
    unknown: Callable[[Unknown], str]
    """Spells the error for an id that names nothing."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """One way of speaking with clients."""

    methods: Mapping[str, Method]
    """Every request its clients make."""
    notifications: Mapping[str, Method]
    """Every notification its clients send."""
    texts: Texts
    listener: Callable[[Wire, str], PeerListener]
    """Makes the listener of a client that has just connected, and greets it with the server's version."""

    async def handle(self, seat: Seat, name: str, data: Any) -> Reply[Any]:
        """Do what a request asks for. Raises RequestFailed with what the client is told."""
        method = self.methods.get(name)
        if method is None:
            raise RequestFailed(500, self.texts.unknown_request.format(name[:100]), violation=True)
        return await carry_out(method, self.texts, seat, name, data)

    async def hear(self, seat: Seat, name: str, data: Any) -> Reply[Any]:
        """Do what a notification asks for; the answer is for nobody. Raises RequestFailed with why not."""
        method = self.notifications.get(name)
        if method is None:
            raise RequestFailed(500, f"unknown notification {name[:100]!r}", violation=True)
        return await carry_out(method, self.texts, seat, name, data)


async def carry_out(method: Method, texts: Texts, seat: Seat, name: str, data: Any) -> Reply[Any]:
    """Check state and data, and run the handler. Raises RequestFailed with what the client is told."""
    if method.joined is not None and method.joined is not seat.peer.joined:
        raise RequestFailed(500, texts.not_joined if method.joined else "Peer already joined")
    try:
        converted = msgspec.convert(data, method.schema)
    except msgspec.ValidationError as error:
        raise RequestFailed(500, f"{name}: {error}", violation=True) from None
    try:
        return await method.handler(seat, converted)
    except NotGranted as error:
        seat.room.observer.grant_refused(error.grant)
        raise RequestFailed(403, str(error)) from None
    except Forbidden as error:
        raise RequestFailed(403, str(error), violation=isinstance(error, WrongSecret)) from None
    except OverLimit as error:
        raise RequestFailed(error.refusal.status, str(error)) from None
    except Full as error:
        raise RequestFailed(503, str(error)) from None
    except Unknown as error:
        raise RequestFailed(500, texts.unknown(error)) from None
    except MediadError as error:
        raise RequestFailed(500, str(error)) from None
