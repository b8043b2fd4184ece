"""The worker's end of the pipes: requests in, replies and events out; what they mean is not its business."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from typing import Any

from mediad.errors import EnvelopeError, MediadError
from mediad.protocols.envelope import Decoder, Event, Request, Response, encode

Handler = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]

LAST_WORDS_S = 1.0
"""How long closing waits for a supervisor that does not read."""

_IDS = ("routerId", "transportId", "producerId", "consumerId")

logger = logging.getLogger(__name__)


class Channel:
    """Answers each request with what `handle(method, data)` returns or raises; sends what `emit` is given.

    Requests start in the order they came, and run side by side from their first wait on. Every event tells a
    state, so while the supervisor does not read, of several for the same object only the newest waits for it:
    what is kept back is bounded by the objects alive, and none of them is left with stale news.
    """

    def __init__(self, handle: Handler) -> None:
        self.superseded = 0
        """Events never sent because a newer one took their place."""
        self._handle = handle
        self._decoder = Decoder()
        self._ended = asyncio.get_running_loop().create_future()
        self._silent = asyncio.get_running_loop().create_future()
        self._reader: asyncio.ReadTransport | None = None
        self._writer: asyncio.WriteTransport | None = None
        self._paused = False
        self._waiting: dict[tuple[str, ...], Event] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self, read_fd: int, write_fd: int) -> None:
        """Take over both pipe ends and start answering."""
        loop = asyncio.get_running_loop()
        self._writer, _ = await loop.connect_write_pipe(lambda: _Mouth(self), os.fdopen(write_fd, "wb", 0))
        self._reader, _ = await loop.connect_read_pipe(lambda: _Ear(self), os.fdopen(read_fd, "rb", 0))

    async def wait_end(self) -> None:
        """Return when the supervisor hung up, died, or broke the format."""
        await asyncio.shield(self._ended)

    def emit(self, name: str, data: dict[str, Any]) -> None:
        """Send an event, now or as soon as the supervisor reads again."""
        event = Event(name, data)
        if not self._paused:
            self._write(encode(event))
            return
        key = (name, *(str(data.get(id_)) for id_ in _IDS))
        self.superseded += self._waiting.pop(key, None) is not None
        self._waiting[key] = (
            event  # at the end: order among different objects is the order of their last news
        )

    async def close(self) -> None:
        """Send what was written, then close both ends. Requests under way are cancelled."""
        for task in self._tasks:
            task.cancel()
        for transport in (self._reader, self._writer):
            if transport is not None:
                transport.close()
        await asyncio.wait({self._silent}, timeout=LAST_WORDS_S)
        self._end()

    def _write(self, frame: bytes) -> None:
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(frame)

    def _receive(self, data: bytes) -> None:
        try:
            for message in self._decoder.feed(data):
                if not isinstance(message, Request):
                    raise EnvelopeError("the supervisor only ever asks")
                task = asyncio.create_task(self._answer(message))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        except EnvelopeError as error:
            logger.error("the supervisor broke the pipe's format: %s", error)
            self._end()

    async def _answer(self, request: Request) -> None:
        try:
            reply = encode(Response(request.id, True, await self._handle(request.method, request.data)))
        except MediadError as error:
            reply = encode(_failure(request.id, error.code, str(error)))
        except Exception as error:  # a bug costs one request, not the worker's other rooms
            logger.exception("%s failed", request.method)
            reply = encode(
                _failure(request.id, MediadError.code, f"{type(error).__name__} in {request.method}")
            )
        self._write(reply)

    def _pause(self) -> None:
        self._paused = True

    def _resume(self) -> None:
        self._paused = False
        while self._waiting and not self._paused:  # writing may pause us again
            event = self._waiting.pop(next(iter(self._waiting)))
            self._write(encode(event))

    def _end(self) -> None:
        if not self._ended.done():
            self._ended.set_result(None)


def _failure(request_id: int, code: str, reason: str) -> Response:
    return Response(request_id, False, {"code": code, "reason": reason})


class _Ear(asyncio.Protocol):
    """The pipe we read."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def data_received(self, data: bytes) -> None:
        self._channel._receive(data)

    def connection_lost(self, error: Exception | None) -> None:
        self._channel._end()


class _Mouth(asyncio.BaseProtocol):
    """The pipe we write."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def pause_writing(self) -> None:
        self._channel._pause()

    def resume_writing(self) -> None:
        self._channel._resume()

    def connection_lost(self, error: Exception | None) -> None:
        self._channel._silent.set_result(None)
        self._channel._end()
