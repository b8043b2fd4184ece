"""The supervisor's end of one worker's pipes: requests as awaitables, events to whoever asked for them."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from mediad.errors import EnvelopeError, Forbidden, Unavailable, WorkerDied, from_code
from mediad.protocols.envelope import Decoder, Event, Message, Request, Response, encode
from mediad.rooms.asker import current_asker
from mediad.supervisor.poison import Mark, Quarantine, marks

EventHandler = Callable[[str, dict[str, Any]], None]
_Asked = tuple[str, str, dict[str, Any]]

REQUEST_TIMEOUT_S = 10.0
"""A worker that answers pings but not a request this long is refusing it."""

MAX_OUTSTANDING = 1024
"""Requests one worker may owe an answer; more means it is drowning, and callers had better hear so."""

MAX_UNSENT_BYTES = 8 * 1024 * 1024
"""What may wait for a worker to read its pipe."""

PIPE_CLOSED = "its pipe closed"
"""The reason a link is lost for when the worker ended, whatever of."""

SETTLE_S = 0.5
"""What a request sets off in the worker's media thread has shown itself by then, for better or worse."""

logger = logging.getLogger(__name__)


class WorkerLink:
    """One life of one worker process; a restarted worker gets a new link with the same `worker_id`.

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
        self._settling: deque[tuple[float, _Asked]] = deque(maxlen=MAX_OUTSTANDING)
        """When it was answered, and what; oldest first."""
        self._ended_s = 0.0
        self._on_event = on_event
        self._on_lost = on_lost
        self._subscribers: dict[str, EventHandler] = {}
        self._pending: dict[int, asyncio.Future[dict[str, Any]]] = {}
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
        self._writer, _ = await loop.connect_write_pipe(_Mouth, os.fdopen(write_fd, "wb", 0))

    async def request(self, method: str, data: dict[str, Any]) -> dict[str, Any]:
        """The worker's reply.

        Raises the error the worker answered with; Unavailable when it is overloaded or does not answer in
        time; WorkerDied when it is gone, or goes before it has answered; Forbidden when it is known to bring
        workers down.
        """
        asker = current_asker()
        if self._quarantine and self._quarantine.refuses(marks(asker, method, data), time.monotonic()):
            raise Forbidden(f"{method} is refused, because this request has crashed a worker before")
        if self._writer is not None and (
            len(self._pending) >= MAX_OUTSTANDING or self._writer.get_write_buffer_size() > MAX_UNSENT_BYTES
        ):
            raise Unavailable(f"worker {self.worker_id} is overloaded")
        request_id, answer = self._send(method, data)
        if asker is not None:
            self._unanswered[request_id] = (asker, method, data)
        if len(self._unanswered) > MAX_OUTSTANDING:
            del self._unanswered[next(iter(self._unanswered))]
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                return await answer
        except TimeoutError:
            reason = f"worker {self.worker_id} did not answer {method} within {REQUEST_TIMEOUT_S:g} s"
            raise Unavailable(reason) from None
        finally:
            self._pending.pop(request_id, None)

    def ping(self) -> asyncio.Future[dict[str, Any]]:
        """A future that is done when the worker answers or the link is lost. No bound applies to it."""
        _, answer = self._send("worker.ping", {})
        answer.add_done_callback(lambda done: done.cancelled() or done.exception())  # nobody awaits it
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

    def _send(self, method: str, data: dict[str, Any]) -> tuple[int, asyncio.Future[dict[str, Any]]]:
        if self._lost or self._writer is None or self._writer.is_closing():
            raise WorkerDied(f"worker {self.worker_id} is gone")
        self._last_id += 1
        frame = encode(Request(self._last_id, method, data))
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._pending[self._last_id] = answer
        self._writer.write(frame)
        self.sent_bytes += len(frame)
        return self._last_id, answer

    def _receive(self, data: bytes) -> None:
        self.received_bytes += len(data)
        try:
            for message in self._decoder.feed(data):
                self._dispatch(message)
        except EnvelopeError as error:
            self._end(f"it broke the pipe's format: {error}")

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
        answer = self._pending.pop(response.id, None)
        if answer is None or answer.done():
            return  # the asker gave up: timed out or cancelled
        if response.ok:
            answer.set_result(response.data)
        else:
            answer.set_exception(from_code(response.data["code"], response.data["reason"]))

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
        for answer in self._pending.values():
            if not answer.done():
                answer.set_exception(WorkerDied(f"worker {self.worker_id} died"))
        self._pending.clear()
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
