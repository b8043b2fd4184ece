"""One client of the admin socket: requests run side by side, each with an answer or a stream of answers."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import msgspec

from mediad.errors import EnvelopeError, InvalidInput, MediadError
from mediad.pipe.messages import Misfit, read
from mediad.protocols.envelope import Event, RawDecoder, Request, Response, encode, refusal

Reply = dict[str, Any]
Answer = Awaitable[Reply] | AsyncGenerator[Reply, None]
"""The result of a method: the reply, or a stream whose items each leave as an Event named like the method."""

Handler = Callable[[str, dict[str, Any]], Answer]

Words = dict[str, str | int | float | bool | None]
"""The data of a request: names with plain values. Maps in maps, whose keys a client could choose so that
looking them up takes forever, are not read at all."""

MAX_REQUESTS = 16
"""The requests that one client may have under way."""

logger = logging.getLogger(__name__)


class Conversation:
    """Answers each request with what `handle(method, data)` returns, streams or raises.

    When the client hangs up, its streams are stopped; its other requests are still completed.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handle: Handler) -> None:
        self._reader = reader
        self._writer = writer
        self._handle = handle
        self._answers: set[asyncio.Task[None]] = set()
        self._streams: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Serve until the client hangs up.

        Raises EnvelopeError for bytes that are no requests, OSError when the connection breaks.
        """
        try:
            await self._listen()
            _cancel(self._streams)
            await asyncio.gather(*self._answers, return_exceptions=True)
        finally:
            _cancel(self._answers)
            await asyncio.gather(*self._answers, return_exceptions=True)

    async def _listen(self) -> None:
        decoder = RawDecoder()
        while data := await self._reader.read(65536):
            for message in decoder.feed(data):
                if not isinstance(message, Request):
                    raise EnvelopeError("a client may send requests only")
                if len(self._answers) >= MAX_REQUESTS:
                    raise EnvelopeError("too many requests at once")
                answer = asyncio.create_task(self._answer(message))
                self._answers.add(answer)
                answer.add_done_callback(self._answers.discard)
                answer.add_done_callback(self._streams.discard)

    async def _answer(self, request: Request[msgspec.Raw]) -> None:
        with contextlib.suppress(ConnectionError):  # the client is gone; the reading end notices it as well
            try:
                await self._send(Response(request.id, True, await self._fulfil(request)))
            except MediadError as error:
                await self._fail(request, error.code, str(error))
            except ConnectionError:
                raise
            except Exception as error:
                logger.exception(
                    "%s, asked for by mediactl, failed with an unexpected error; mediactl was told",
                    request.method[:100],
                )
                await self._fail(request, MediadError.code, f"internal error: {type(error).__name__}")

    async def _fulfil(self, request: Request[msgspec.Raw]) -> Reply:
        logger.debug("mediactl asks for %s", request.method[:100])
        try:
            words = read(Words, request.data, request.method[:100])
        except Misfit as misfit:
            raise InvalidInput(str(misfit)) from None
        answer = self._handle(request.method, words)
        if not isinstance(answer, AsyncGenerator):
            return await answer
        task = asyncio.current_task()
        assert task is not None
        self._streams.add(task)
        async with contextlib.aclosing(answer):
            async for item in answer:
                await self._send(Event(request.method, item))
        return {}

    async def _fail(self, request: Request[msgspec.Raw], code: str, reason: str) -> None:
        await self._send(refusal(request.id, code, reason))

    async def _send(self, message: Response[Any] | Event[Any]) -> None:
        """Send, and wait while the client is slow to read: a stream is no faster than its reader."""
        self._writer.write(encode(message))
        await self._writer.drain()


def _cancel(tasks: set[asyncio.Task[None]]) -> None:
    for task in list(tasks):
        task.cancel()
