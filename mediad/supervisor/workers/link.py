"""The supervisor's end of one worker's pipes: requests as awaitables, events to their subscribers."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from mediad.errors import (
    EnvelopeError,
    Forbidden,
    InvalidState,
    MediadError,
    Unavailable,
    WorkerDied,
)
from mediad.pipe.duplex import Duplex
from mediad.pipe.events import EVENTS, RouterEvent, WorkerEvent
from mediad.pipe.messages import Done, Misfit, ReplyT, Request, read
from mediad.pipe.misfits import Misfits
from mediad.pipe.worker_requests import Ping
from mediad.protocols import envelope
from mediad.rooms.asker import current_asker
from mediad.supervisor.workers.lanes import Lanes
from mediad.supervisor.workers.poison import Mark, Quarantine, marks

EventHandler = Callable[[RouterEvent], None]
Compose = Callable[[], Request[ReplyT] | None]
_Asked = tuple[str | None, Request[Any]]

REQUEST_TIMEOUT_S = 10.0
"""The time after which a request without an answer fails, although the worker answers pings."""

WINDOW = 64
"""The number of requests of rooms that one worker may have to answer at a time.

It is large enough to keep the worker busy, and small enough for the next request to be begun soon.
"""

ROOM_WINDOW = 8
"""The number of those that may be one room's."""

MAX_SUSPECTS = 1024
"""The number of requests that are remembered as unanswered, or as answered a moment ago."""

PIPE_CLOSED = "its pipe closed"
"""The reason for which a link is lost when the worker ended, whatever ended it."""

SETTLE_S = 0.5
"""The time after an answer within which a request may still crash the worker's media thread."""

logger = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Waiting:
    """A room's request that was not sent yet."""

    router_id: str
    kind: type[Request[Any]]
    compose: Compose[Any]
    asker: str | None
    answer: asyncio.Future[Any]


@dataclass(slots=True, eq=False)
class _Sent:
    """A request that the worker has not answered yet."""

    kind: type[Request[Any]]
    answer: asyncio.Future[Any]
    router_id: str | None = None
    """The room in whose lane it waited; None for a request of the server's own."""
    timer: asyncio.TimerHandle | None = None


class WorkerLink:
    """The link to one worker process; a restarted worker gets a new link with the same `worker_id`.

    Requests of rooms (`request_for`) wait for their room's turn, as long as the worker lives. The server's
    own (`request`, `ping`) are sent before all of them: the requests of a crowd must not make the worker look
    dead, and the operator of a busy node must get answers.

    `on_event` takes the events that belong to no router. `on_lost` is called once, with the reason, when the
    link ends by itself: the pipe reached its end, or the worker broke the format.
    """

    def __init__(
        self,
        worker_id: int,
        on_event: Callable[[WorkerEvent], None],
        on_lost: Callable[[str], None],
        quarantine: Quarantine | None = None,
    ) -> None:
        """Prepare a link; `quarantine` knows the requests that must not be sent any more."""
        self.worker_id = worker_id
        self._quarantine = Quarantine() if quarantine is None else quarantine
        self._unanswered: dict[int, _Asked] = {}
        self._settling: deque[tuple[float, _Asked]] = deque(maxlen=MAX_SUSPECTS)
        """(the time of the answer, the request), oldest first."""
        self._ended_s = 0.0
        self._on_event = on_event
        self._on_lost = on_lost
        self._subscribers: dict[str, EventHandler] = {}
        self._lanes = Lanes[_Waiting](WINDOW, ROOM_WINDOW)
        self._sent: dict[int, _Sent] = {}
        self._blocked = False
        """True while the worker does not read its pipe fast enough: requests in lanes wait."""
        self._last_id = 0
        self._pipes = Duplex(self)
        self._lost = False
        self.misfits = Misfits("reply", "event", "unknown_event")

    async def open(self, read_fd: int, write_fd: int) -> None:
        """Take over both pipe ends."""
        await self._pipes.open(read_fd, write_fd)

    @property
    def sent_bytes(self) -> int:
        return self._pipes.sent_bytes

    @property
    def received_bytes(self) -> int:
        return self._pipes.received_bytes

    async def request(self, request: Request[ReplyT]) -> ReplyT:
        """Send a request of the server's own and return the worker's reply.

        No limit applies to it: a reload must not fail because an operator looks at the statistics, and each
        of the few senders has few requests at a time. Raises the error the worker answered with; Unavailable
        when it does not answer within REQUEST_TIMEOUT_S; WorkerDied when it is gone, or dies before it has
        answered; Forbidden when this request has crashed workers before; EnvelopeError when the answer cannot
        be read.
        """
        self._require_life()
        answer: asyncio.Future[ReplyT] = asyncio.get_running_loop().create_future()
        request_id = self._ask(_Sent(type(request), answer), current_asker(), request)
        try:
            return await answer
        finally:
            self._give_up(request_id)

    async def request_for(
        self, router_id: str, kind: type[Request[ReplyT]], compose: Compose[ReplyT]
    ) -> ReplyT:
        """Send a request of a room when it is that room's turn, and return the worker's reply.

        `compose` is called at that moment and returns the request, or None when its object was closed
        meanwhile: then InvalidState is raised. Otherwise raises like `request`.
        """
        self._require_life()
        answer: asyncio.Future[ReplyT] = asyncio.get_running_loop().create_future()
        self._lanes.put(router_id, _Waiting(router_id, kind, compose, current_asker(), answer))
        self._serve()
        return await answer

    def ping(self) -> asyncio.Future[Done]:
        """Ping the worker, without a limit; return a future, done when it answers or the link is lost."""
        self._require_life()
        answer: asyncio.Future[Done] = asyncio.get_running_loop().create_future()
        answer.add_done_callback(lambda done: done.cancelled() or done.exception())  # nobody awaits it
        self._send(_Sent(Ping, answer), Ping())
        return answer

    def suspects(self) -> list[Mark]:
        """Return the marks of the requests that may have crashed the worker.

        Those are the unanswered ones, also of askers who have stopped waiting. Without any, it is the request
        answered last, if the worker ended within SETTLE_S of it: it may have crashed the media thread.
        """
        found = [mark for asked in self._unanswered.values() for mark in marks(*asked)]
        if not found and self._settling and self._ended_s - self._settling[-1][0] < SETTLE_S:
            found += marks(*self._settling[-1][1])
        return found

    def subscribe(self, router_id: str, on_event: EventHandler) -> None:
        """Send the events of `router_id` to `on_event`, in the order the worker wrote them."""
        self._subscribers[router_id] = on_event

    def unsubscribe(self, router_id: str) -> None:
        self._subscribers.pop(router_id, None)

    def hang_up(self) -> None:
        """Close the pipe to the worker, which asks it to stop; all that it still sends is read."""
        self._pipes.hang_up()

    def close(self) -> None:
        """Close both pipes. Requests without an answer raise WorkerDied; `on_lost` is not called."""
        self._end("the worker is stopped", notify=False)

    # -- asking --------------------------------------------------------------------------------------------

    def _require_life(self) -> None:
        if self._lost or not self._pipes.sends:
            raise WorkerDied(f"worker {self.worker_id} is gone")

    def _serve(self) -> None:
        """Send as many waiting requests as may be under way."""
        while not self._blocked and (waiting := self._lanes.take()) is not None:
            if not self._ask_for(waiting):
                self._lanes.done(waiting.router_id)

    def _ask_for(self, waiting: _Waiting) -> bool:
        """Send a request; return False when it was not sent, because of an error or an asker who is gone."""
        answer = waiting.answer
        if answer.done():
            return False
        try:
            self._require_life()
            request = waiting.compose()
            if request is None:
                raise InvalidState(f"{waiting.kind.row} is for something that was closed meanwhile")
            sent = _Sent(waiting.kind, answer, waiting.router_id)
            request_id = self._ask(sent, waiting.asker, request)
        except MediadError as error:
            answer.set_exception(error)
            return False

        def check(answer: asyncio.Future[Any]) -> None:
            if answer.cancelled():
                self._give_up(request_id)

        answer.add_done_callback(check)
        return True

    def _ask(self, sent: _Sent, asker: str | None, request: Request[Any]) -> int:
        if self._quarantine and self._quarantine.refuses(marks(asker, request), time.monotonic()):
            raise Forbidden(f"{request.row} is refused, because this request has crashed a worker before")
        request_id = self._send(sent, request)
        sent.timer = asyncio.get_running_loop().call_later(REQUEST_TIMEOUT_S, self._run_out, request_id)
        if asker is not None or sent.router_id is not None:
            self._unanswered[request_id] = (asker, request)
        if len(self._unanswered) > MAX_SUSPECTS:
            del self._unanswered[next(iter(self._unanswered))]
        return request_id

    def _send(self, sent: _Sent, request: Request[Any]) -> int:
        self._last_id += 1
        self._pipes.send(envelope.Request(self._last_id, request.row, request))
        self._sent[self._last_id] = sent
        return self._last_id

    def _run_out(self, request_id: int) -> None:
        sent = self._sent[request_id]
        if not sent.answer.done():
            reason = f"worker {self.worker_id} did not answer {sent.kind.row} within {REQUEST_TIMEOUT_S:g} s"
            sent.answer.set_exception(Unavailable(reason))
        self._give_up(request_id)

    def _give_up(self, request_id: int) -> None:
        """Forget a request whose answer nobody waits for any more."""
        if self._take_back(request_id) is not None:
            self._serve()

    def _take_back(self, request_id: int) -> _Sent | None:
        sent = self._sent.pop(request_id, None)
        if sent is not None:
            if sent.timer is not None:
                sent.timer.cancel()
            if sent.router_id is not None:
                self._lanes.done(sent.router_id)
        return sent

    # -- what the pipes tell -------------------------------------------------------------------------------

    def receive(self, messages: list[envelope.RawMessage]) -> None:
        """Pass answers to the askers and events to their subscribers. Raises EnvelopeError for requests."""
        try:
            for message in messages:
                match message:
                    case envelope.Response():
                        self._answer(message)
                    case envelope.Event():
                        self._deliver(message)
                    case envelope.Request():
                        raise EnvelopeError(f"a worker may not ask: {message.method}")
        finally:
            self._serve()

    def pause(self, paused: bool) -> None:
        """Keep requests in lanes while the worker does not read its pipe."""
        self._blocked = paused
        self._serve()

    def end(self, error: EnvelopeError | None) -> None:
        """End the link: the worker's pipe ended, or cannot be read any more."""
        self._end(PIPE_CLOSED if error is None else f"it broke the pipe's format: {error}")

    def sending_ended(self) -> None:
        """Do nothing yet: the worker may still send, and then its pipe ends too."""

    # -- receiving -----------------------------------------------------------------------------------------

    def _answer(self, response: envelope.Response[msgspec.Raw]) -> None:
        now_s = time.monotonic()
        self._settle(now_s)
        asked = self._unanswered.pop(response.id, None)
        if asked is not None:
            self._settling.append((now_s, asked))
        sent = self._take_back(response.id)
        if sent is None or sent.answer.done():
            return  # the asker gave up: timed out or cancelled
        try:
            outcome = sent.kind.outcome(response)
            if isinstance(outcome, MediadError):
                sent.answer.set_exception(outcome)
            else:
                sent.answer.set_result(outcome)
        except Misfit as misfit:
            reason = f"worker {self.worker_id} gave an answer that cannot be read: {misfit}"
            sent.answer.set_exception(EnvelopeError(reason))
            if self.misfits.count("reply", sent.kind.row):
                logger.error("%s; the request fails", reason, extra={"worker": self.worker_id})

    def _settle(self, now_s: float) -> None:
        """Clear requests answered SETTLE_S ago or earlier: the worker, which sends, has survived them."""
        while self._settling and now_s - self._settling[0][0] >= SETTLE_S:
            _, asked = self._settling.popleft()
            if self._quarantine:
                self._quarantine.clear(marks(*asked))

    def _deliver(self, message: envelope.Event[msgspec.Raw]) -> None:
        kind = EVENTS.get(message.name)
        if kind is None:
            self._misfit("unknown_event", message.name, "no event of this name is known")
            return
        try:
            event = read(kind, message.data, message.name)
        except Misfit as misfit:
            self._misfit("event", message.name, str(misfit))
            return
        try:
            if isinstance(event, RouterEvent):
                handler = self._subscribers.get(event.router_id)
                if handler is not None:  # else the router was closed while the event was on its way
                    handler(event)
            elif isinstance(event, WorkerEvent):
                self._on_event(event)
        except Exception:  # one room's mistake must not cost the worker's other rooms their link
            what = "event %s was not handled and is lost: a bug in mediad"
            logger.exception(what, message.name, extra={"worker": self.worker_id})

    def _misfit(self, kind: Literal["event", "unknown_event"], name: str, reason: str) -> None:
        if self.misfits.count(kind, name):
            what = "event %s cannot be read and is ignored: %s"
            logger.warning(what, name[:100], reason, extra={"worker": self.worker_id})

    def _end(self, reason: str, *, notify: bool = True) -> None:
        if self._lost:
            return
        self._lost = True
        self._ended_s = time.monotonic()
        self._pipes.close()
        answers = [waiting.answer for waiting in self._lanes.clear()]
        answers += [sent.answer for request_id in list(self._sent) if (sent := self._take_back(request_id))]
        for answer in answers:
            if not answer.done():
                answer.set_exception(WorkerDied(f"worker {self.worker_id} died"))
        self._subscribers.clear()
        if notify:
            self._on_lost(reason)
