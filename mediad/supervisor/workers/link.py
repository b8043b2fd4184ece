"""The supervisor's end of one worker's pipes: requests as awaitables, events to whoever asked for them."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mediad.errors import (
    EnvelopeError,
    Forbidden,
    InvalidState,
    MediadError,
    Unavailable,
    WorkerDied,
    from_code,
)
from mediad.protocols.envelope import Decoder, Event, Message, Request, Response, encode
from mediad.rooms.asker import current_asker
from mediad.supervisor.workers.lanes import Lanes
from mediad.supervisor.workers.poison import Mark, Quarantine, marks

EventHandler = Callable[[str, dict[str, Any]], None]
Compose = Callable[[], dict[str, Any] | None]
_Asked = tuple[str | None, str, dict[str, Any]]

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
    method: str
    compose: Compose
    asker: str | None
    answer: asyncio.Future[dict[str, Any]]


@dataclass(slots=True, eq=False)
class _Sent:
    """A request the worker owes an answer."""

    answer: asyncio.Future[dict[str, Any]]
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
        on_event: EventHandler,
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
        self._decoder = Decoder()
        self._writer: asyncio.WriteTransport | None = None
        self._reader: asyncio.ReadTransport | None = None
        self._lost = False
        self.sent_bytes = self.received_bytes = 0

    async def open(self, read_fd: int, write_fd: int) -> None:
        """Take over both pipe ends."""
        loop = asyncio.get_running_loop()
        self._reader, _ = await loop.connect_read_pipe(lambda: _Ear(self), os.fdopen(read_fd, "rb", 0))
        self._writer, _ = await loop.connect_write_pipe(lambda: _Mouth(self), os.fdopen(write_fd, "wb", 0))

    async def request(self, method: str, data: dict[str, Any]) -> dict[str, Any]:
        """The worker's reply to something the server asks on its own account.

        No bound applies to it: a reload must not fail because somebody looks at the statistics, and each of
        the few who ask has few requests at a time. Raises the error the worker answered with; Unavailable
        when it does not answer in time; WorkerDied when it is gone, or goes before it has answered; Forbidden
        when it is known to bring workers down.
        """
        self._require_life()
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        request_id = self._ask(_Sent(answer), current_asker(), method, data)
        try:
            return await answer
        finally:
            self._give_up(request_id)

    async def request_for(self, router_id: str, method: str, compose: Compose) -> dict[str, Any]:
        """The worker's reply to something a room asks, sent when it is that room's turn.

        `compose` is called at that moment and returns the data, or None when by then there is nothing to ask
        any more: InvalidState. Otherwise raises like `request`, but is never refused for want of room.
        """
        self._require_life()
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._lanes.put(router_id, _Waiting(router_id, method, compose, current_asker(), answer))
        self._serve()
        return await answer

    def ping(self) -> asyncio.Future[dict[str, Any]]:
        """A future that is done when the worker answers or the link is lost. No bound applies to it."""
        self._require_life()
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        answer.add_done_callback(lambda done: done.cancelled() or done.exception())  # nobody awaits it
        self._send(_Sent(answer), "worker.ping", {})
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
        if self._writer is not None:
            self._writer.close()

    def close(self) -> None:
        """Drop both ends. Whoever still waits for an answer gets WorkerDied; `on_lost` is not called."""
        self._end("the worker is stopped", notify=False)

    # -- asking --------------------------------------------------------------------------------------------

    def _require_life(self) -> None:
        if self._lost or self._writer is None or self._writer.is_closing():
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
            data = waiting.compose()
            if data is None:
                raise InvalidState(f"{waiting.method} is for something that was closed meanwhile")
            request_id = self._ask(_Sent(answer, waiting.router_id), waiting.asker, waiting.method, data)
        except MediadError as error:
            answer.set_exception(error)
            return False

        def check(answer: asyncio.Future[dict[str, Any]]) -> None:
            if answer.cancelled():
                self._give_up(request_id)

        answer.add_done_callback(check)
        return True

    def _ask(self, sent: _Sent, asker: str | None, method: str, data: dict[str, Any]) -> int:
        if self._quarantine and self._quarantine.refuses(marks(asker, method, data), time.monotonic()):
            raise Forbidden(f"{method} is refused, because this request has crashed a worker before")
        request_id = self._send(sent, method, data)
        sent.timer = asyncio.get_running_loop().call_later(
            REQUEST_TIMEOUT_S, self._run_out, request_id, method
        )
        if asker is not None or sent.router_id is not None:
            self._unanswered[request_id] = (asker, method, data)
        if len(self._unanswered) > MAX_SUSPECTS:
            del self._unanswered[next(iter(self._unanswered))]
        return request_id

    def _send(self, sent: _Sent, method: str, data: dict[str, Any]) -> int:
        assert self._writer is not None
        self._last_id += 1
        frame = encode(Request(self._last_id, method, data))
        self._sent[self._last_id] = sent
        self._writer.write(frame)
        self.sent_bytes += len(frame)
        return self._last_id

    def _run_out(self, request_id: int, method: str) -> None:
        answer = self._sent[request_id].answer
        if not answer.done():
            reason = f"worker {self.worker_id} did not answer {method} within {REQUEST_TIMEOUT_S:g} s"
            answer.set_exception(Unavailable(reason))
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

    def _block(self, blocked: bool) -> None:
        self._blocked = blocked
        self._serve()

    # -- hearing -------------------------------------------------------------------------------------------

    def _receive(self, data: bytes) -> None:
        self.received_bytes += len(data)
        try:
            for message in self._decoder.feed(data):
                self._dispatch(message)
        except EnvelopeError as error:
            self._end(f"it broke the pipe's format: {error}")
        self._serve()

    def _dispatch(self, message: Message) -> None:
        match message:
            case Response():
                self._answer(message)
            case Event():
                self._deliver(message)
            case Request():
                raise EnvelopeError(f"a worker may not ask: {message.method}")

    def _answer(self, response: Response) -> None:
        now_s = time.monotonic()
        self._settle(now_s)
        asked = self._unanswered.pop(response.id, None)
        if asked is not None:
            self._settling.append((now_s, asked))
        sent = self._take_back(response.id)
        if sent is None or sent.answer.done():
            return  # the asker gave up: timed out or cancelled
        if response.ok:
            sent.answer.set_result(response.data)
        else:
            sent.answer.set_exception(from_code(response.data["code"], response.data["reason"]))

    def _settle(self, now_s: float) -> None:
        """The worker has just said something: whatever it answered a while ago has done it no harm."""
        while self._settling and now_s - self._settling[0][0] >= SETTLE_S:
            _, asked = self._settling.popleft()
            if self._quarantine:
                self._quarantine.clear(marks(*asked))

    def _deliver(self, event: Event) -> None:
        router_id = event.data.get("routerId")
        handler = self._on_event if router_id is None else self._subscribers.get(router_id)
        if handler is None:
            return  # the router was closed while the event was on its way
        try:
            handler(event.name, event.data)
        except Exception:  # one room's mistake must not cost the worker's other rooms their link
            logger.exception("event %s could not be handled", event.name, extra={"worker": self.worker_id})

    def _end(self, reason: str, *, notify: bool = True) -> None:
        if self._lost:
            return
        self._lost = True
        self._ended_s = time.monotonic()
        for transport in (self._reader, self._writer):
            if transport is not None:
                transport.close()
        answers = [waiting.answer for waiting in self._lanes.clear()]
        answers += [sent.answer for request_id in list(self._sent) if (sent := self._take_back(request_id))]
        for answer in answers:
            if not answer.done():
                answer.set_exception(WorkerDied(f"worker {self.worker_id} died"))
        self._subscribers.clear()
        if notify:
            self._on_lost(reason)


class _Ear(asyncio.Protocol):
    """The pipe we read."""

    def __init__(self, link: WorkerLink) -> None:
        self._link = link

    def data_received(self, data: bytes) -> None:
        self._link._receive(data)

    def connection_lost(self, error: Exception | None) -> None:
        self._link._end(PIPE_CLOSED)


class _Mouth(asyncio.BaseProtocol):
    """The pipe we write. When it breaks the other one ends too, after the worker's last words."""

    def __init__(self, link: WorkerLink) -> None:
        self._link = link

    def pause_writing(self) -> None:
        self._link._block(True)

    def resume_writing(self) -> None:
        self._link._block(False)
