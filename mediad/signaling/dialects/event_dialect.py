"""Event dialects: ways of speaking with clients that send events, and are answered by events or callbacks.

Their requests are rows like those of other dialects (`dialect.py`). What differs is how a client gets its
seat, and how it is answered: that is a `Visit`, one for each client, made by the dialect when it connects.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from starlette.datastructures import QueryParams

from mediad.budgets.refusal import OverLimit
from mediad.errors import MediadError
from mediad.rooms.listener import CloseCause
from mediad.rooms.reply import Reply
from mediad.rooms.seat import Seat
from mediad.signaling.dialects.dialect import Method, RequestFailed, Texts, carry_out

TEXTS = Texts('unknown event "{}"', "join a room first", "", str)


class Refused(Exception):
    """Error: the client may not come in; it is told the reason. `kind` is the one that operators are told."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind


def kind_of(error: MediadError) -> str:
    """Return the kind of a refusal because of this error, as operators are told it."""
    limited = isinstance(error, OverLimit) and error.refusal.status == 429
    return "limited" if limited else "unavailable"


@dataclass(frozen=True, slots=True)
class Handshake:
    """The first words of a client."""

    query: QueryParams
    auth: dict[str, Any]
    address: str


@dataclass(frozen=True, slots=True)
class Call:
    """An event of a client."""

    name: str
    arguments: list[Any] = field(default_factory=list)
    ack_id: int | None = None
    """The number of the callback that waits for an acknowledgement; None without one."""
    problem: str | None = None
    """The reason why the event could not be read."""

    @property
    def data(self) -> Any:
        """The event's data; without any, or with null, an empty object."""
        data = self.arguments[0] if self.arguments else None
        return {} if data is None else data


class EventWire(Protocol):
    """A client's connection as a dialect uses it: everything said leaves in the order it was said."""

    sid: str
    """The client's id here, which is no secret."""

    def notify(self, event: str, data: Any, *, droppable: bool = False) -> None:
        """Queue an event; a droppable one is left out while the client is far behind."""
        ...

    def acknowledge(self, ack_id: int, arguments: list[Any]) -> None:
        """Queue the acknowledgement of an event."""
        ...

    def joined(self) -> None:
        """Note that the client has joined a room."""
        ...

    def close(self, cause: CloseCause, reason: str) -> None:
        """End the connection; returns at once."""
        ...


class Visit(Protocol):
    """The dialect's side of one client, from its admission on."""

    def greet(self) -> None:
        """Say what a client is told first."""
        ...

    async def handle(self, call: Call) -> Reply[Any]:
        """Do what an event asks for. Raises RequestFailed with what the client is told."""
        ...

    def answer(self, call: Call, value: Any) -> None:
        """Send the answer to an event, if it has one."""
        ...

    def refuse(self, call: Call, reason: str) -> None:
        """Tell the client that an event failed."""
        ...

    def leave(self) -> None:
        """Give up the client's seat, now or as soon as it has one: its connection has ended."""
        ...


class EventDialect(Protocol):
    """One way of speaking with clients, in a namespace of its own."""

    async def admit(self, wire: EventWire, handshake: Handshake) -> Visit:
        """Judge a client that connects. Raises Refused."""
        ...


async def perform(methods: Mapping[str, Method], seat: Seat, call: Call) -> Reply[Any]:
    """Do what an event asks for. Raises RequestFailed with what the client is told."""
    method = methods.get(call.name)
    if method is None:
        raise RequestFailed(500, TEXTS.unknown_request.format(call.name[:100]), violation=True)
    return await carry_out(method, TEXTS, seat, call.name, call.data)
