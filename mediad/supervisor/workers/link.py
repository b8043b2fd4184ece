"""The supervisor's end of one worker's pipes: requests as awaitables, events to whoever asked for them."""

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
    from_code,
)
from mediad.pipe.duplex import Duplex
from mediad.pipe.events import EVENTS, RouterEvent, WorkerEvent
from mediad.pipe.messages import Done, Misfit, ReplyT, Request, read
from mediad.pipe.misfits import Misfits
from mediad.pipe.requests import Ping
from mediad.protocols import envelope
from mediad.protocols.envelope import failure_of
from mediad.rooms.asker import current_asker
from mediad.supervisor.workers.lanes import Lanes
from mediad.supervisor.workers.poison import Mark, Quarantine, marks

EventHandler = Callable[[RouterEvent], None]
Compose = Callable[[], Request[ReplyT] | None]
_Asked = tuple[str | None, Request[Any]]

REQUEST_TIMEOUT_S = 10.0
"""A worker that answers pings but not a request this long after it was sent is refusing it."""

WINDOW = 64
"""Requests of rooms that one worker may owe an answer: enough to keep it busy, and few enough that what is
asked next is soon begun."""

ROOM_WINDOW = 8
"""How many of them may be one room's."""

MAX_SUSPECTS = 1024
"""Requests that are remembered as unanswered, or as answered a moment ago."""

PIPE_CLOSED = "its pipe closed"
"""The reason a link is lost for when the worker ended, whatever of."""

SETTLE_S = 0.5
"""What a request sets off in the worker's media thread has shown itself by then, for better or worse."""

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
    """A request the worker owes an answer."""

    kind: type[Request[Any]]
    answer: asyncio.Future[Any]
    router_id: str | None = None
    """Whose lane it came from; None for one of the server's own."""
    timer: asyncio.TimerHandle | None = None


class WorkerLink:
    """One life of one worker process; a restarted worker gets a new link with the same `worker_id`.

    Requests of rooms (`request_for`) wait for their room's turn, as long as the worker lives. The server's
    own (`request`, `ping`) pass all of them: what a crowd asks for must not make the worker look dead, and
    whoever looks after a busy node must get through.

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
        """`quarantine` says which requests are not to be made any more."""
        self.worker_id = worker_id
        self._quarantine = Quarantine() if quarantine is None else quarantine
        self._unanswered: dict[int, _Asked] = {}
        self._settling: deque[tuple[float, _Asked]] = deque(maxlen=MAX_SUSPECTS)
        """When it was answered, and what; oldest first."""
        self._ended_s = 0.0
        self._on_event = on_event
        self._on_lost = on_lost
        self._subscribers: dict[str, EventHandler] = {}
        self._lanes = Lanes[_Waiting](WINDOW, ROOM_WINDOW)
        self._sent: dict[int, _Sent] = {}
        self._blocked = False
        """The worker does not read its pipe fast enough: what waits in lanes stays there."""
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
        """The worker's reply to something the server asks on its own account.

        No bound applies to it: a reload must not fail because somebody looks at the statistics, and each of
        the few who ask has few requests at a time. Raises the error the worker answered with; Unavailable
        when it does not answer in time; WorkerDied when it is gone, or goes before it has answered; Forbidden
        when it is known to bring workers down; EnvelopeError when the answer cannot be read.
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
        """The worker's reply to something a room asks, sent when it is that room's turn.

        `compose` is called at that moment and returns the request, or None when by then there is nothing to
        ask any more: InvalidState. Otherwise raises like `request`, but is never refused for want of room.
        """
        self._require_life()
        answer: asyncio.Future[ReplyT] = asyncio.get_running_loop().create_future()
        self._lanes.put(router_id, _Waiting(router_id, kind, compose, current_asker(), answer))
        self._serve()
        return await answer

    def ping(self) -> asyncio.Future[Done]:
        """A future that is done when the worker answers or the link is lost. No bound applies to it."""
        self._require_life()
        answer: asyncio.Future[Done] = asyncio.get_running_loop().create_future()
        answer.add_done_callback(lambda done: done.cancelled() or done.exception())  # nobody awaits it
        self._send(_Sent(Ping, answer), Ping())
        return answer

    def suspects(self) -> list[Mark]:
        """What the worker had been asked and not answered, also by askers who have stopped waiting. If there
        is none of it: what it answered last, if it ended so soon after that its media thread may have tripped
        over it."""
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
        """Close our writing end, which is how a worker is asked to stop; its last words are still read."""
        self._pipes.hang_up()

    def close(self) -> None:
        """Drop both ends. Whoever still waits for an answer gets WorkerDied; `on_lost` is not called."""
        self._end("the worker is stopped", notify=False)

    # -- asking --------------------------------------------------------------------------------------------

    def _require_life(self) -> None:
        if self._lost or not self._pipes.sends:
            raise WorkerDied(f"worker {self.worker_id} is gone")

    def _serve(self) -> None:
        """Send what may be sent of what waits."""
        while not self._blocked and (waiting := self._lanes.take()) is not None:
            if not self._ask_for(waiting):
                self._lanes.done(waiting.router_id)

    def _ask_for(self, waiting: _Waiting) -> bool:
        """Whether it was sent; otherwise its asker knows why, or is gone."""
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
        """Nobody waits for this answer any more."""
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
        """Answers to those who asked, events to those who listen. Raises EnvelopeError for requests."""
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
        """While the worker does not read, what waits in lanes stays there."""
        self._blocked = paused
        self._serve()

    def end(self, error: EnvelopeError | None) -> None:
        """The worker's pipe ended, or cannot be read any more."""
        self._end(PIPE_CLOSED if error is None else f"it broke the pipe's format: {error}")

    def sending_ended(self) -> None:
        """Nothing yet: the other pipe ends too, after the worker's last words."""

    # -- hearing -------------------------------------------------------------------------------------------

    def _answer(self, response: envelope.Response[msgspec.Raw]) -> None:
        now_s = time.monotonic()
        self._settle(now_s)
        asked = self._unanswered.pop(response.id, None)
        if asked is not None:
            self._settling.append((now_s, asked))
        sent = self._take_back(response.id)
        if sent is None or sent.answer.done():
            return  # the asker gave up: timed out or cancelled
        if not response.ok:
            failure = failure_of(response.data)
            sent.answer.set_exception(from_code(failure.code, failure.reason))
            return
        try:
            sent.answer.set_result(read(sent.kind.reply(), response.data, sent.kind.row))
        except Misfit as misfit:
            reason = f"worker {self.worker_id} gave an answer that cannot be read: {misfit}"
            sent.answer.set_exception(EnvelopeError(reason))
            if self.misfits.count("reply", sent.kind.row):
                logger.error("%s; the request fails", reason, extra={"worker": self.worker_id})

    def _settle(self, now_s: float) -> None:
        """The worker has just said something: whatever it answered a while ago has done it no harm."""
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
            logger.exception("event %s could not be handled", message.name, extra={"worker": self.worker_id})

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
