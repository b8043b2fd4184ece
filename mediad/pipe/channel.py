"""The end of the pipes in a worker or a recorder: requests in, replies and events out, whatever they mean."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

import msgspec

from mediad.errors import EnvelopeError, InvalidInput, MediadError, NotFound
from mediad.pipe.duplex import Duplex
from mediad.pipe.messages import Event, Handler, Message, Misfit, read
from mediad.pipe.misfits import Misfits
from mediad.protocols import envelope

CLOSE_TIMEOUT_S = 1.0
"""The longest time that closing waits for a supervisor that does not read."""

logger = logging.getLogger(__name__)


class Answers:
    """The table of a process: the handler of each request."""

    def __init__(self, handlers: Iterable[Handler], misfits: Misfits) -> None:
        self._handlers = {handler.request.row: handler for handler in handlers}
        self._misfits = misfits

    async def answer(self, row: str, data: msgspec.Raw) -> Message:
        """Return the handler's answer. Raises the handler's errors; NotFound or InvalidInput for a misfit."""
        handler = self._handlers.get(row)
        if handler is None:
            self._misfits.count("unknown_request", row)
            raise NotFound(f'unknown method "{row[:100]}"')
        try:
            request = read(handler.request, data, row)
        except Misfit as misfit:
            self._misfits.count("request", row)
            raise InvalidInput(str(misfit)) from None
        return await handler.answer(request)


class Channel:
    """The channel to the supervisor: each request is answered by its handler, each event of `emit` is sent.

    Requests start in the order they came, and run side by side from their first wait on. Every event tells a
    state. So while the supervisor does not read, only the newest event of a type about one subject waits for
    it: the number of waiting events is bounded by the objects alive, and no state that arrives is an old one.
    """

    def __init__(self) -> None:
        self.superseded = 0
        """Events that were not sent because a newer one replaced them."""
        self.misfits = Misfits("request", "unknown_request")
        self._answers = Answers((), self.misfits)
        self._ended = asyncio.get_running_loop().create_future()
        self._sending_ended = asyncio.get_running_loop().create_future()
        self._pipes = Duplex(self)
        self._paused = False
        self._waiting: dict[tuple[type[Event], str], Event] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self, read_fd: int, write_fd: int, handlers: Iterable[Handler] = ()) -> None:
        """Take over both pipe ends and start answering by `handlers`."""
        self._answers = Answers(handlers, self.misfits)
        await self._pipes.open(read_fd, write_fd)

    async def wait_end(self) -> None:
        """Return when the supervisor closed its pipe, died, or sent what is no message."""
        await asyncio.shield(self._ended)

    def emit(self, event: Event) -> None:
        """Send an event, now or as soon as the supervisor reads again."""
        if not self._paused:
            self._pipes.send(envelope.Event(event.row, event))
            return
        key = (type(event), event.subject)
        self.superseded += self._waiting.pop(key, None) is not None
        # at the end: order among different objects is the order of their last news
        self._waiting[key] = event

    async def close(self) -> None:
        """Send what was written, then close both ends. Requests under way are cancelled."""
        for task in self._tasks:
            task.cancel()
        self._pipes.close()
        await asyncio.wait({self._sending_ended}, timeout=CLOSE_TIMEOUT_S)
        self._end()

    # -- what the pipes tell -------------------------------------------------------------------------------

    def receive(self, messages: list[envelope.RawMessage]) -> None:
        """Start answering. Raises EnvelopeError for a message that is no request."""
        for message in messages:
            if not isinstance(message, envelope.Request):
                raise EnvelopeError("the supervisor may send requests only")
            task = asyncio.create_task(self._answer(message))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def pause(self, paused: bool) -> None:
        """Keep events back while the supervisor does not read; replies are sent all the same."""
        self._paused = paused
        while self._waiting and not self._paused:  # sending may pause this end again
            event = self._waiting.pop(next(iter(self._waiting)))
            self._pipes.send(envelope.Event(event.row, event))

    def end(self, error: EnvelopeError | None) -> None:
        """End: no more requests come; `error`: the supervisor sent what is no message."""
        if error is not None:
            logger.error("the supervisor sent what this process cannot read: %s; it ends", error)
        self._end()

    def sending_ended(self) -> None:
        """End: nothing that is sent from now on arrives."""
        self._sending_ended.set_result(None)
        self._end()

    # -- answering -----------------------------------------------------------------------------------------

    async def _answer(self, request: envelope.Request[msgspec.Raw]) -> None:
        try:
            reply = await self._answers.answer(request.method, request.data)
            self._pipes.send(envelope.Response(request.id, True, reply))
        except MediadError as error:
            self._fail(request.id, error.code, str(error))
        except Exception as error:  # a bug costs one request, not the worker's other rooms
            logger.exception("%s failed because of a bug in mediad; only this request fails", request.method)
            self._fail(request.id, MediadError.code, f"{type(error).__name__} in {request.method}")

    def _fail(self, request_id: int, code: str, reason: str) -> None:
        self._pipes.send(envelope.refusal(request_id, code, reason))

    def _end(self) -> None:
        if not self._ended.done():
            self._ended.set_result(None)
