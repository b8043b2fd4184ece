"""Base classes of the messages on the pipes between supervisor and worker, and the function that reads them.

Each request, reply and event is a struct of its own. Fields are camelCase on the pipe. Unknown fields are
ignored and fields that equal their default are left out, so that an older end understands a newer one: a
field that is added needs a default, and the default of an old field never changes.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Self, TypeVar, cast, get_args, get_origin

import msgspec

from mediad.errors import MediadError, from_code
from mediad.protocols.envelope import Failure, Response

MAX_MISFIT = 500
"""Characters of a Misfit's text, which may quote a value, and that may be as long as a message."""

Data = TypeVar("Data")


class Message(msgspec.Struct, rename="camel", omit_defaults=True):
    """A message on the pipes, or a part of one."""


ReplyT = TypeVar("ReplyT", bound=Message)


class Done(Message):
    """The reply to a request whose answer carries no data."""


class Request(Message, Generic[ReplyT]):
    """A request of the supervisor to a worker. `ReplyT` is the type of the answer."""

    row: ClassVar[str]
    """The name of the request on the pipe."""

    @classmethod
    def answered_by(cls, answer: Callable[[Self], Awaitable[ReplyT]]) -> Handler:
        """Return the worker's row for this request."""
        return Handler(cls, answer)

    @classmethod
    def reply(cls) -> type[ReplyT]:
        """Return the type of the answer."""
        return cast("type[ReplyT]", _reply_of(cls))

    @classmethod
    def outcome(cls, response: Response[msgspec.Raw]) -> ReplyT | MediadError:
        """Return the answer that a response carries, or the error that it tells. Raises Misfit."""
        if response.ok:
            return read(cls.reply(), response.data, cls.row)
        failure = read(Failure, response.data, cls.row)
        return from_code(failure.code, failure.reason)


@dataclass(frozen=True, slots=True)
class Handler:
    """A row of the worker's table: a request and the function that answers it."""

    request: type[Request[Any]]
    answer: Callable[[Any], Awaitable[Message]]


class Event(Message):
    """News that a worker tells by itself. Each event tells a state of its `subject`."""

    row: ClassVar[str]
    """The name of the event on the pipe."""

    @property
    def subject(self) -> str:
        """The object whose state is told: of several events of one type about it only the newest counts."""
        return ""


class Misfit(Exception):
    """A message that does not have the fields its name promises; the text names the message and the field."""


def read(kind: type[Data], data: bytes | msgspec.Raw, name: str) -> Data:
    """Return `data` (msgpack) as a `kind`. Raises Misfit, which begins with `name`."""
    decoder: msgspec.msgpack.Decoder[Data] = _decoder(cast("Any", kind))
    try:
        return decoder.decode(data)
    except (msgspec.DecodeError, ValueError, OverflowError, RecursionError) as error:
        raise Misfit(f"{name}: {error}"[:MAX_MISFIT]) from None


@functools.cache
def _decoder(kind: Any) -> msgspec.msgpack.Decoder[Any]:
    return msgspec.msgpack.Decoder(kind)


@functools.cache
def _reply_of(kind: type[Request[Any]]) -> type[Message]:
    for base in kind.__dict__["__orig_bases__"]:
        if get_origin(base) is Request:
            (reply,) = get_args(base)
            return cast("type[Message]", reply)
    raise TypeError(f"{kind.__name__} does not say what its reply is")
