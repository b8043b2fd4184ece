"""The frames on internal pipes: supervisor ↔ worker, and mediactl ↔ admin socket.

A frame is a 32-bit little-endian body length followed by one msgpack array:

    Request    [0, id, method, data]
    Response   [1, id, ok, data]        ok false: data is {"code", "reason"}, see `mediad.errors`
    Event      [2, name, data]

Neither side may exceed `MAX_FRAME_BYTES`, so a broken peer costs its connection and never the process.
Data is a map. `Decoder` reads it, for mediactl; `RawDecoder` leaves that to whoever knows what to expect.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Generic, TypeVar

import msgspec

from mediad.errors import EnvelopeError

PIPE_VERSION = 2
"""The version of the workers' pipes; raised when an older end would misunderstand a change."""

MAX_FRAME_BYTES = 4 * 1024 * 1024
"""Largest msgpack body either side may send, without its length prefix."""

MAX_REASON = 1000
"""Characters of a failure's reason; one may quote what a peer sent, and that may be as long as a frame."""

_LENGTH = struct.Struct("<I")

Data = TypeVar("Data")
Id = Annotated[int, msgspec.Meta(ge=0)]


class _Row(msgspec.Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    """A msgpack array, of which the first element, the tag, is the kind."""


class Request(_Row, Generic[Data], tag=0, frozen=True):
    """A question that wants exactly one Response of the same `id`; ids are unique per direction."""

    id: Id
    method: str
    data: Data


class Response(_Row, Generic[Data], tag=1, frozen=True):
    """The answer to one Request; when not `ok`, `data` is a Failure."""

    id: Id
    ok: bool
    data: Data


class Event(_Row, Generic[Data], tag=2, frozen=True):
    """News of something that happened; never answered."""

    name: str
    data: Data


class Failure(msgspec.Struct, frozen=True):
    """An error as it crosses; see `mediad.errors.from_code`."""

    code: str
    reason: str


def refusal(request_id: int, code: str, reason: str) -> Response[Failure]:
    """Return the Response that refuses a request; of a long reason, its beginning."""
    return Response(request_id, False, Failure(code, reason[:MAX_REASON]))


Object = dict[str, Any]
Message = Request[Object] | Response[Object] | Event[Object]
RawMessage = Request[msgspec.Raw] | Response[msgspec.Raw] | Event[msgspec.Raw]

_encoder = msgspec.msgpack.Encoder()
_objects: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(Message)
_raws: msgspec.msgpack.Decoder[RawMessage] = msgspec.msgpack.Decoder(RawMessage)
_UNREADABLE = (msgspec.DecodeError, ValueError, OverflowError, RecursionError)


def encode(message: Request[Any] | Response[Any] | Event[Any]) -> bytes:
    """The bytes of one complete frame. Raises EnvelopeError when the data is not encodable or too large."""
    try:
        body = _encoder.encode(message)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise EnvelopeError(f"message cannot be encoded: {error}") from error
    if len(body) > MAX_FRAME_BYTES:
        raise EnvelopeError(f"message of {len(body)} bytes exceeds {MAX_FRAME_BYTES}")
    return _LENGTH.pack(len(body)) + body


class _Frames:
    """Bytes in any slices, whole bodies out.

    Holds at most one incomplete frame. After an EnvelopeError the stream has no known frame boundary any
    more: every later `feed` raises too, and the connection is to be closed.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._broken: str | None = None

    def _feed(self, data: bytes, read: Callable[[bytes], Data]) -> list[Data]:
        if self._broken is not None:
            raise EnvelopeError(self._broken)
        self._buffer += data
        try:
            return [read(body) for body in self._take_bodies()]
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


class Decoder(_Frames):
    """Bytes in any slices, whole messages with their data read out."""

    def feed(self, data: bytes) -> list[Message]:
        """Return the messages completed by `data`, in order; EnvelopeError when the peer broke the format."""
        return self._feed(data, _message)


class RawDecoder(_Frames):
    """Bytes in any slices, whole messages with their data as bytes out."""

    def feed(self, data: bytes) -> list[RawMessage]:
        """Return the messages completed by `data`, in order; EnvelopeError when the peer broke the format."""
        return self._feed(data, _raw_message)


def _message(body: bytes) -> Message:
    try:
        message = _objects.decode(body)
        if isinstance(message, Response) and not message.ok:
            msgspec.convert(message.data, Failure)
    except _UNREADABLE as error:
        raise EnvelopeError(f"frame cannot be read: {error}") from error
    return message


def _raw_message(body: bytes) -> RawMessage:
    try:
        return _raws.decode(body)
    except _UNREADABLE as error:
        raise EnvelopeError(f"frame cannot be read: {error}") from error
