"""The WebSocket shell of one client: frames in, requests run side by side, answers and notifications out.

It knows protoo and no method. Requests and notifications go to a `Talk`, name and data in, the room's Reply
out; a dialect's listener sends through `notify` and `request`. All messages pass one bounded queue with one
writer, so the order in which the room sends messages is the order of the bytes.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import time
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from starlette.websockets import WebSocket, WebSocketDisconnect

from mediad import logs
from mediad.errors import InvalidState
from mediad.rooms.reply import Reply
from mediad.signaling import json_input
from mediad.signaling.dialects.dialect import ClientRefused, RequestFailed
from mediad.signaling.limits import ConnectionLimits, SendQueue, ViolationBudget
from mediad.signaling.protoo import messages
from mediad.signaling.server.websocket_protocol import SOCKET_EXTENSION, abort_later


def _now_us() -> int:
    return time.monotonic_ns() // 1000


class Talk(Protocol):
    """A client's side of the talk: what its requests and notifications lead to."""

    async def request(self, method: str, data: Any) -> Reply[Any]:
        """Return the answer to a request; raises RequestFailed."""

    async def notification(self, method: str, data: Any) -> Reply[Any]:
        """Do what a notification asks for, and return an answer for nobody; raises RequestFailed."""


class Socket(Protocol):
    """The calls to the server's WebSocket that ASGI has no messages for."""

    disconnected: bool
    on_lost: Callable[[], None]
    """A function that is called when it has ended; the application may not be receiving at that moment."""

    def abort(self) -> None:
        """End it now, and drop all that is unsent."""

    def joined(self) -> None:
        """Note that the client has joined."""

    def queued(self, size_bytes: int) -> None:
        """Note how many bytes wait to be sent."""

    def worked(self, size_bytes: int, cost_us: int) -> None:
        """Note the cost of a message of this size."""


def _discard(answer: Any) -> None:
    """Drop the answer to a notification."""


class Connection:
    """One WebSocket from its acceptance to its end."""

    def __init__(self, websocket: WebSocket, limits: ConnectionLimits, log: logs.Context) -> None:
        """Prepare a connection; `log` names the client in every line."""
        self._websocket = websocket
        self._socket: Socket = websocket.scope["extensions"][SOCKET_EXTENSION]["socket"]
        self._limits = limits
        self._log = log
        self._queue = SendQueue(limits.send_queue_bytes, limits.droppable_bytes)
        self._violations = ViolationBudget(limits.violations, limits.violations_per_s)
        self._table = messages.RequestTable()
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._handlers: set[asyncio.Task[None]] = set()
        self._room = asyncio.Event()
        self._writable = asyncio.Event()
        self._close: tuple[int, str] | None = None
        self._ended = False
        self._on_ended: Callable[[], None] | None = None

    @property
    def closed(self) -> bool:
        """True when nothing can be sent to the client any more."""
        return self._ended or self._close is not None

    # -- calls of the listener -----------------------------------------------------------------------------

    def notify(self, method: str, data: Any, *, droppable: bool = False) -> None:
        """Queue a notification; a droppable one is left out while much waits to be sent."""
        self._put(messages.notification_text(method, data), droppable=droppable)

    async def request(self, method: str, data: Any) -> Any:
        """Ask the client and return its answer.

        Raises ClientRefused, TimeoutError, or InvalidState when the connection ends. The request is queued
        before the first suspension.
        """
        if self.closed:
            raise InvalidState("peer closed")
        identifier = self._table.open(_now_us())
        self._log.debug("< %s asked", method)
        future = self._waiting[identifier] = asyncio.get_running_loop().create_future()
        self._put(messages.request_text(identifier, method, data))
        self._arm_timer()
        try:
            return await future
        finally:
            self._waiting.pop(identifier, None)

    def close(self, code: int, reason: str) -> None:
        """End the connection and drop all queued messages.

        Returns at once; a second call does nothing.
        """
        if self.closed:
            return
        self._close = (code, reason)
        self._log.debug("< close %d %s", code, reason)
        self._stop_sending()

    def joined(self) -> None:
        """Note that the client has joined: it may send larger messages from now on."""
        self._socket.joined()

    # -- the socket's life ---------------------------------------------------------------------------------

    async def serve(self, talk: Talk, ended: Callable[[], None]) -> None:
        """Accept the socket and carry messages until it ends, whoever ends it.

        `ended` is called once, as soon as nothing more can be sent: that may be long before a client that
        does not read has completed the closing handshake.
        """
        self._on_ended = ended
        self._socket.on_lost = self._room.set
        try:
            await self._websocket.accept(subprotocol=messages.SUBPROTOCOL)
            writer = asyncio.create_task(self._write())
            await self._read(talk)
            self._end()
            await writer
        except (WebSocketDisconnect, OSError):
            pass
        finally:
            self._end()

    async def _read(self, talk: Talk) -> None:
        while True:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                self._log.debug("> close %s", message.get("code"))
                return
            if self.closed:
                continue
            text = message.get("text")
            if text is None:
                found = json_input.find_id(message["bytes"].decode("utf-8", "replace"))
                self._refuse(messages.ProtocolViolation("binary frame", found))
            else:
                began_ns = time.thread_time_ns()
                self._receive(text, talk)
                self._socket.worked(len(text), (time.thread_time_ns() - began_ns) // 1000)
                await self._wait_for_room()

    async def _wait_for_room(self) -> None:
        """Wait while too many messages are being handled; further ones stay unread, at the client."""
        while len(self._handlers) >= self._limits.pending_requests and not self._socket.disconnected:
            self._room.clear()
            await self._room.wait()

    async def _write(self) -> None:
        """Write queued messages, as the only writer, until the socket ends or the close frame is sent."""
        # the server raises RuntimeError when it has sent a close frame on its own (for a message over the
        # size limit): then the socket has ended too
        with contextlib.suppress(WebSocketDisconnect, OSError, RuntimeError):
            while not self._ended:
                while (text := self._queue.pop()) is not None:
                    await self._websocket.send({"type": "websocket.send", "text": text})
                    self._socket.queued(self._queue.size_bytes)
                if self._close is not None:
                    code, reason = self._close
                    await self._websocket.close(code, reason)
                    return
                self._writable.clear()
                await self._writable.wait()

    def _end(self) -> None:
        """Note that the socket has ended."""
        if not self._ended:
            self._ended = True
            self._stop_sending()

    def _stop_sending(self) -> None:
        """Drop queued messages, fail our open requests, and tell the owner that nothing more can be sent."""
        self._queue.clear()
        self._socket.queued(0)
        self._writable.set()
        self._reject_waiting()
        abort_later(self._websocket.scope, self._limits.close_grace_s)
        on_ended, self._on_ended = self._on_ended, None
        if on_ended is not None:
            on_ended()

    # -- frames in -----------------------------------------------------------------------------------------

    def _receive(self, text: str, talk: Talk) -> None:
        try:
            message = messages.parse(text)
        except messages.ProtocolViolation as violation:
            self._refuse(violation)
            return
        match message:
            case messages.Request():
                self._start(self._answer(message, talk))
            case messages.Response():
                self._settle(message)
            case messages.Notification():
                self._start(self._hear(message, talk))

    def _refuse(self, violation: messages.ProtocolViolation) -> None:
        """Count a violation, and answer the frame when it is a request with an id."""
        if violation.request_id is not json_input.MISSING:
            self._put(messages.error_text(violation.request_id, 500, str(violation)))
        self._violation(str(violation))

    def _start(self, handling: Coroutine[Any, Any, None]) -> None:
        """Handle a message in a task of its own, so that those of one client never wait for each other.

        The tasks are not cancelled when the client leaves: the worker does what it was asked anyway, and only
        the end of the handler can clean up after it.
        """
        task = asyncio.create_task(handling)
        self._handlers.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._handlers.discard(task)
        self._room.set()

    async def _answer(self, request: messages.Request, talk: Talk) -> None:
        began_us = _now_us()
        try:
            reply = await talk.request(request.method, request.data)
            text = reply.spelled(functools.partial(messages.success_text, request.id))
        except RequestFailed as failure:
            self._log.debug("> %s refused: %s", request.method[:100], failure)
            self._put(messages.error_text(request.id, failure.code, str(failure)))
            if failure.violation:
                self._violation(str(failure))
            return
        except Exception:
            self._log.exception(
                "! %s failed because of a bug in mediad; the client got 500", request.method[:100]
            )
            self._put(messages.error_text(request.id, 500, "internal error"))
            return
        self._log.debug("> %s answered after %d ms", request.method[:100], (_now_us() - began_us) // 1000)
        text.deliver(self._put)

    async def _hear(self, notification: messages.Notification, talk: Talk) -> None:
        method = notification.method[:100]
        try:
            reply = await talk.notification(notification.method, notification.data)
        except RequestFailed as failure:
            self._log.debug("> notification %s ignored: %s", method, failure)
            if failure.violation:
                self._violation(str(failure))
            return
        except Exception:
            self._log.exception("! notification %s failed because of a bug in mediad", method)
            return
        reply.deliver(_discard)

    def _violation(self, reason: str) -> None:
        self._log.debug("! %s", reason)
        if not self._violations.charge(_now_us()):
            self._log.info("! too many protocol violations, the connection is closed; the last: %s", reason)
            self.close(1008, "too many protocol violations")

    # -- our requests --------------------------------------------------------------------------------------

    def _settle(self, response: messages.Response) -> None:
        identifier = self._table.settle(response.id)
        if identifier is None:
            return
        future = self._waiting.get(identifier)
        if future is None or future.done():
            return
        if response.ok:
            future.set_result(response.data)
        else:
            future.set_exception(ClientRefused(response.code, response.reason))

    def _arm_timer(self) -> None:
        if self._timer is not None:
            return
        deadline_us = self._table.get_timer()
        if deadline_us is None:
            return
        delay_s = max(0.0, (deadline_us - _now_us()) / 1_000_000)
        self._timer = asyncio.get_running_loop().call_later(delay_s, self._handle_timer)

    def _handle_timer(self) -> None:
        self._timer = None
        for identifier in self._table.handle_timer(_now_us()):
            future = self._waiting.get(identifier)
            if future is not None and not future.done():
                future.set_exception(TimeoutError("request timeout"))
        self._arm_timer()

    def _reject_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(InvalidState("peer closed"))

    # -- frames out ----------------------------------------------------------------------------------------

    def _put(self, text: str, *, droppable: bool = False) -> None:
        if self.closed:
            return
        if not self._queue.put(text, droppable=droppable):
            what = "! the client does not read, and its connection is closed: %d bytes were waiting"
            self._log.info(what, self._queue.size_bytes)
            self.close(1013, "send queue overflow")
            return
        self._socket.queued(self._queue.size_bytes)
        self._writable.set()
