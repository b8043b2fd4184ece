"""The frames on internal pipes: supervisor ↔ worker, and mediactl ↔ admin socket.

A frame is a 32-bit little-endian body length followed by one msgpack array:

    Request    [0, id, method, data]
    Response   [1, id, ok, data]        ok false: data is {"code", "reason"}, see `mediad.errors`
    Event      [2, name, data]

Neither side may exceed `MAX_FRAME_BYTES`, so a broken peer costs its connection and never the process.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgpack

from mediad.errors import EnvelopeError

PIPE_VERSION = 2
"""The version of the workers' pipes; raised when an older end would misunderstand a change."""

MAX_FRAME_BYTES = 4 * 1024 * 1024
"""Largest msgpack body either side may send, without its length prefix."""

_LENGTH = struct.Struct("<I")
_MAX_ID = 2**64 - 1  # msgpack carries no larger unsigned integer
_REQUEST, _RESPONSE, _EVENT = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Request:
    """A request for exactly one Response of the same `id`; ids are unique per direction."""

    id: int
    method: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Response:
    """The answer to one Request; when not `ok`, `data` is `{"code": str, "reason": str}`."""

    id: int
    ok: bool
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """News of something that happened; never answered."""

    name: str
    data: dict[str, Any]


Message = Request | Response | Event


def encode(message: Message) -> bytes:
    """The bytes of one complete frame. Raises EnvelopeError when the data is not encodable or too large."""
    try:
        body: bytes = msgpack.packb(_to_row(message))
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise EnvelopeError(f"message cannot be encoded: {error}") from error
    if len(body) > MAX_FRAME_BYTES:
        raise EnvelopeError(f"message of {len(body)} bytes exceeds {MAX_FRAME_BYTES}")
    return _LENGTH.pack(len(body)) + body


class Decoder:
    """Decodes bytes in any slices into whole messages.

    Holds at most one incomplete frame. After an EnvelopeError the stream has no known frame boundary any
    more: every later `feed` raises too, and the connection is to be closed.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._broken: str | None = None

    def feed(self, data: bytes) -> list[Message]:
        """The messages completed by `data`, in order. Raises EnvelopeError when the peer broke the format."""
        if self._broken is not None:
            raise EnvelopeError(self._broken)
        self._buffer += data
        try:
            return [_from_body(body) for body in self._take_bodies()]
        except EnvelopeError as error:
            self._broken = str(error)
            self._buffer.clear()
            raise

    def _take_bodies(self) -> Iterator[bytes]:
        buffer, start = self._buffer, 0
        while len(buffer) - start >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(buffer, start)
            # Judged on the prefix alone: waiting for the body would let a peer make us hold 4 GiB.
            if length > MAX_FRAME_BYTES:
                raise EnvelopeError(f"frame of {length} bytes exceeds {MAX_FRAME_BYTES}")
            end = start + _LENGTH.size + length
            if len(buffer) < end:
                break
            yield bytes(buffer[start + _LENGTH.size : end])
            start = end
        del buffer[:start]


def _to_row(message: Message) -> tuple[Any, ...]:
    match message:
        case Request():
            return (_REQUEST, message.id, message.method, message.data)
        case Response():
            return (_RESPONSE, message.id, message.ok, message.data)
        case Event():
            return (_EVENT, message.name, message.data)


def _from_body(body: bytes) -> Message:
    try:
        row = msgpack.unpackb(body, use_list=True, raw=False, strict_map_key=True)
    except (ValueError, TypeError, OverflowError, RecursionError, msgpack.UnpackException) as error:
        raise EnvelopeError(f"frame is not msgpack: {error}") from error
    match row:
        case [int(kind), int(id_), str(method), dict(data)] if _is(kind, _REQUEST) and _is_id(id_):
            return Request(id_, method, data)
        case [int(kind), int(id_), bool(ok), dict(data)] if _is(kind, _RESPONSE) and _is_id(id_):
            if not ok and not _is_error(data):
                raise EnvelopeError("error response without code and reason")
            return Response(id_, ok, data)
        case [int(kind), str(name), dict(data)] if _is(kind, _EVENT):
            return Event(name, data)
        case _:
            raise EnvelopeError("frame holds none of request, response, event")


def _is(kind: int, wanted: int) -> bool:
    return kind == wanted and not isinstance(kind, bool)


def _is_id(value: int) -> bool:
    # bool is an int to Python; on the wire it is another type.
    return not isinstance(value, bool) and 0 <= value <= _MAX_ID


def _is_error(data: dict[str, Any]) -> bool:
    return isinstance(data.get("code"), str) and isinstance(data.get("reason"), str)
