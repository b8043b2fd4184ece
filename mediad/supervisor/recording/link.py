"""RecorderLink: requests to one recorder process, its replies and events."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from mediad.errors import EnvelopeError, MediadError, Unavailable
from mediad.pipe.duplex import Duplex
from mediad.pipe.messages import Misfit, ReplyT, Request, read
from mediad.pipe.recorder_requests import RECORDER_EVENTS, RecorderEvent
from mediad.protocols import envelope

ANSWER_S = 10.0
"""The time that a recorder has to answer; its disk must not make it wait."""

PIPE_CLOSED = "it closed its pipe"

logger = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Sent:
    kind: type[Request[Any]]
    answer: asyncio.Future[Any]


class RecorderLink:
    """The supervisor's end of a recorder's pipes; requests are carried out in the order they are sent."""

    def __init__(self, on_event: Callable[[RecorderEvent], None], on_lost: Callable[[str], None]) -> None:
        """Prepare a link; `on_lost` is called once, with the reason, when it ends by itself."""
        self._on_event = on_event
        self._on_lost = on_lost
        self._pipes = Duplex(self)
        self._sent: dict[int, _Sent] = {}
        self._last_id = 0
        self.lost = False
        """True when the pipes are closed, so that nothing can be asked any more."""

    async def open(self, read_fd: int, write_fd: int) -> None:
        """Take over both pipe ends."""
        await self._pipes.open(read_fd, write_fd)

    async def request(self, request: Request[ReplyT], timeout_s: float = ANSWER_S) -> ReplyT:
        """Send a request, before anything is awaited, and return the reply.

        Raises the error that the recorder answered with, Unavailable when it is gone or does not answer in
        time, EnvelopeError when its answer cannot be read.
        """
        if self.lost:
            raise _gone()
        answer: asyncio.Future[ReplyT] = asyncio.get_running_loop().create_future()
        request_id = self.tell(request)
        self._sent[request_id] = _Sent(type(request), answer)
        try:
            async with asyncio.timeout(timeout_s):
                return await answer
        except TimeoutError:
            raise Unavailable(
                f"the recorder process did not answer {request.row} within {timeout_s:g} s"
            ) from None
        finally:
            self._sent.pop(request_id, None)

    def tell(self, request: Request[Any]) -> int:
        """Send a request whose reply does not matter, as when something ends; return its number."""
        self._last_id += 1
        self._pipes.send(envelope.Request(self._last_id, request.row, request))
        return self._last_id

    def hang_up(self) -> None:
        """Close the pipe to the recorder, which then finishes its files and ends."""
        self._pipes.hang_up()

    def close(self) -> None:
        """Close both pipes; requests under way fail. `on_lost` is not called."""
        self._end(PIPE_CLOSED, notify=False)

    # -- what the pipes tell -------------------------------------------------------------------------------

    def receive(self, messages: list[envelope.RawMessage]) -> None:
        """Pass on replies and events. Raises EnvelopeError for requests."""
        for message in messages:
            match message:
                case envelope.Response():
                    self._answer(message)
                case envelope.Event():
                    self._deliver(message)
                case envelope.Request():
                    raise EnvelopeError(f"a recorder may not ask: {message.method}")

    def pause(self, paused: bool) -> None:
        """Do nothing: few requests are sent, and one that is not read is not answered in time."""

    def end(self, error: EnvelopeError | None) -> None:
        """End the link: the recorder's pipe ended, or cannot be read any more."""
        self._end(PIPE_CLOSED if error is None else f"it broke the pipe's format: {error}", notify=True)

    def sending_ended(self) -> None:
        """Do nothing yet: the recorder may still send, and then its pipe ends too."""

    def _answer(self, response: envelope.Response[msgspec.Raw]) -> None:
        sent = self._sent.pop(response.id, None)
        if sent is None or sent.answer.done():
            return  # the asker gave up: timed out or cancelled
        try:
            outcome = sent.kind.outcome(response)
            if isinstance(outcome, MediadError):
                sent.answer.set_exception(outcome)
            else:
                sent.answer.set_result(outcome)
        except Misfit as misfit:
            sent.answer.set_exception(EnvelopeError(f"a recorder gave an unreadable answer: {misfit}"))

    def _deliver(self, message: envelope.Event[msgspec.Raw]) -> None:
        kind = RECORDER_EVENTS.get(message.name)
        try:
            if kind is None:
                raise Misfit("no event of this name is known")
            event = read(kind, message.data, message.name)
        except Misfit as misfit:
            logger.warning("event %s of a recorder is ignored: %s", message.name[:100], misfit)
            return
        self._on_event(event)

    def _end(self, reason: str, *, notify: bool) -> None:
        if self.lost:
            return
        self.lost = True
        self._pipes.close()
        for sent in self._sent.values():
            if not sent.answer.done():
                sent.answer.set_exception(_gone())
        self._sent.clear()
        if notify:
            self._on_lost(reason)


def _gone() -> MediadError:
    return Unavailable("the recorder process is gone")
