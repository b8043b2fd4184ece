"""WebSockets on the front: uvicorn's protocol, with limits on the work and memory that a client causes.

Input is read in turns (`input_turns.py`), a portion of frames at a time (`frame_meter.py`), within a budget
(`input_budget.py`). It is left unread, which in the end stops the client's sending, while the client does not
read what it is sent, while the application has not taken the last messages, and while the budget is used up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, MutableMapping
from typing import Any

from uvicorn._types import ASGIReceiveEvent, ASGISendEvent
from uvicorn.config import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.http11 import Request
from websockets.protocol import Protocol
from websockets.server import ServerProtocol

from mediad.signaling.server.client_connection import ClientConnection, now_us, plain_client
from mediad.signaling.server.frame_meter import FrameMeter, Portion
from mediad.signaling.server.input_budget import PRICES

SOCKET_EXTENSION = "mediad.socket"
"""The name of the extension in the scope that holds this protocol, under "socket"."""

TOO_MANY = 4429
"""The close code of a client that sends too much: 4000 and the HTTP status, as for other refusals."""

_LONGEST_WAIT_S = 0.25
"""The longest wait for what an address may send: another of its clients may pause before."""
_PORTION_FRAMES = 64
_PORTION_MESSAGES = 8
_PORTION_BYTES = 64 * 1024
_UNREAD_BYTES = 16 * 1024
"""The unread input above which reading pauses; below it reading goes on, and notices the end."""
_FRAGMENT_BYTES = 64
"""The memory that Python needs for a fragment beside its bytes."""
_BEHIND_BYTES = 256 * 1024
"""The unsent output above which a client's input is not read."""


def abort_later(scope: MutableMapping[str, Any], delay_s: float) -> None:
    """Make sure the closing handshake of this connection ends even when the client does not read."""
    asyncio.get_running_loop().call_later(delay_s, scope["extensions"][SOCKET_EXTENSION]["socket"].abort)


class _Frames(ServerProtocol):
    """The frames alone: the HTTP parser has read the handshake's request."""

    def parse(self) -> Generator[None]:
        return Protocol.parse(self)


class SignalingProtocol(WebSocketsSansIOProtocol):
    """One WebSocket from its upgrade to its end."""

    connection: ClientConnection
    """The connection; set before `connection_made`."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._input = bytearray()
        self._meter = FrameMeter()
        self._header_begun = False
        self._taken_bytes = 0
        self._queued_bytes = 0
        self._wait_timer: asyncio.TimerHandle | None = None
        self._message_timer: asyncio.TimerHandle | None = None
        self._limited_since_us: int | None = None
        self._telling_off = False
        self.on_lost: Callable[[], None] = lambda: None
        """A function that is called when the connection has ended."""

    # -- the connection ------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.client = self.connection.told_client or plain_client(self.client)
        limits = self.connection.limits
        self.conn: ServerProtocol = _Frames(max_size=limits.message_bytes_before_join, logger=self.logger)
        self.connection.account.evict = self._evict

    def upgraded(self, request: Request, rest: bytes) -> None:
        """Begin after the upgrade; `rest` came after the request's head."""
        self.handle_connect(request)
        if self.response.status_code != 101:
            reason = self.response.body.decode("utf-8", "replace").strip()
            self.connection.log("refused with %d: %s", self.response.status_code, reason)
            return
        self.scope["extensions"][SOCKET_EXTENSION] = {"socket": self}
        if rest:
            self.data_received(rest)

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._wait_timer, self._message_timer):
            if timer is not None:
                timer.cancel()
        self._input.clear()
        self.frames = []
        self.connection.turns.forget(self)
        self.connection.lost()
        super().connection_lost(exc)
        self.on_lost()

    def data_received(self, data: bytes) -> None:
        if self._telling_off:
            self.connection.discard_input()
            return
        self._input += data
        self._hold()
        if len(self._input) > _UNREAD_BYTES:
            self.connection.read(False)
        self.connection.turns.ask(self)

    def resume_writing(self) -> None:
        super().resume_writing()
        self.connection.turns.ask(self)

    # -- what the application says -------------------------------------------------------------------------

    def abort(self) -> None:
        """End the connection now: an orderly close waits for a buffer that may never drain."""
        self.transport.abort()

    def joined(self) -> None:
        """Note that the client has joined: its messages may be as large as the protocol allows."""
        self.conn.max_message_size = self.config.ws_max_size

    def queued(self, size_bytes: int) -> None:
        """Note how many bytes wait to be sent."""
        self._queued_bytes = size_bytes
        self._hold()
        if size_bytes < _BEHIND_BYTES and self._input:
            self.connection.turns.ask(self)

    def worked(self, size_bytes: int, cost_us: int) -> None:
        """Note the real cost of reading a message, beyond the expected one that was counted before."""
        more_us = cost_us - PRICES.input_us(1, 1, size_bytes)
        if more_us > 0:
            at_us = now_us()
            self.connection.charge(more_us, at_us)
            self.connection.turns.worked(self, more_us, at_us)

    # -- turns ---------------------------------------------------------------------------------------------

    def used_us(self, at_us: int) -> float:
        return self.connection.budget.used_us(at_us)

    def address_used_us(self, at_us: int) -> float:
        return self.connection.address_used_us(at_us)

    def is_light(self, at_us: int) -> bool:
        return self.connection.budget.is_light(at_us)

    def take_turn(self, at_us: int) -> int:
        if self._telling_off or self.disconnected:
            return 0
        portion = Portion(0, 0, 0)
        if self._input and self._may_read() and self._within_budget(at_us):
            portion = self._meter.cut(
                self._input, frames=_PORTION_FRAMES, messages=_PORTION_MESSAGES, size_bytes=_PORTION_BYTES
            )
            if portion.messages:
                self._count_messages(portion.messages, at_us)
            if portion.size_bytes:
                data = bytes(self._input[: portion.size_bytes])
                del self._input[: portion.size_bytes]
                self._take(data)
            self._header_begun = bool(self._input) and not portion.size_bytes
            if self._input and not self._header_begun:
                self.connection.turns.ask(self)
        cost_us = PRICES.input_us(portion.frames, portion.messages, portion.size_bytes)
        self.connection.charge(cost_us, at_us)
        self._hold()
        if not self._telling_off:
            self._time_message()
            self.connection.read(len(self._input) <= _UNREAD_BYTES)
        return cost_us

    def _within_budget(self, at_us: int) -> bool:
        wait_us = self.connection.budget.wait_us(at_us)
        if wait_us and self.connection.budget.exhausted(at_us):
            self.close_with(TOO_MANY, str(self.connection.sends_too_much(at_us)))
            return False
        if not wait_us:
            wait_us = self._wait_for_others_us(at_us)
        if wait_us and self._wait_timer is None and not self._telling_off:
            self._wait_timer = self.loop.call_later(wait_us / 1_000_000, self._waited)
        return not wait_us

    def _wait_for_others_us(self, at_us: int) -> int:
        """Return the time to leave input unread because its address or token sends too much in all.

        Who has sent little itself only waits: it is not its fault.
        """
        budgets, holders = self.connection.front_state.budgets, self.connection.holders
        wait_s = budgets.wait_s("messages", holders, at_us / 1e6)
        if not wait_s:
            self._limited_since_us = None
            return 0
        if self._limited_since_us is None:
            self._limited_since_us = at_us
            budgets.check("messages", holders, at_us / 1e6)
        elif (
            at_us - self._limited_since_us > self.connection.limits.input.patience_s * 1e6
            and not self.is_light(at_us)
        ):
            self.close_with(TOO_MANY, str(budgets.check("messages", holders, at_us / 1e6)))
        return int(min(wait_s, _LONGEST_WAIT_S) * 1e6) + 1

    def _count_messages(self, messages: int, at_us: int) -> None:
        self.connection.front_state.budgets.owe("messages", self.connection.holders, at_us / 1e6, messages)

    def _may_read(self) -> bool:
        """True when there is room for what the next messages cause."""
        if self.close_sent:
            return True  # for the other half of the closing handshake
        behind = self._queued_bytes >= _BEHIND_BYTES or not self.writable.is_set()
        return self.handshake_complete and self.queue.empty() and not behind

    def _waited(self) -> None:
        self._wait_timer = None
        self.connection.turns.ask(self)

    def _take(self, data: bytes) -> None:
        self._taken_bytes += len(data)
        self.conn.receive_data(data)
        self.handle_events()
        if self.conn.parser_exc is not None and not self._telling_off:
            self.handle_parser_exception()
        elif len(self.frames) > self.connection.limits.fragments:
            self.close_with(1008, f"a message in more than {self.connection.limits.fragments} fragments")
        elif not self.frames and not self._meter.inside_frame:
            self._taken_bytes = 0

    def _time_message(self) -> None:
        """Start the time within which a message that has begun must end."""
        unfinished = bool(self.frames) or self._meter.inside_frame or self._header_begun
        if not unfinished and self._message_timer is not None:
            self._message_timer.cancel()
            self._message_timer = None
        elif unfinished and self._message_timer is None:
            limit_s = self.connection.limits.message_timeout_s
            reason = f"a message that did not end within {limit_s:g} s"
            self._message_timer = self.loop.call_later(limit_s, self.close_with, 1008, reason)

    def _hold(self) -> None:
        account = self.connection.account
        account.hold("in", len(self._input) + self._taken_bytes + len(self.frames) * _FRAGMENT_BYTES)
        waiting = 0 if self.transport.is_closing() else self.transport.get_write_buffer_size()
        account.hold("out", self._queued_bytes + waiting)

    # -- messages ------------------------------------------------------------------------------------------

    def send_receive_event_to_app(self) -> None:
        if self.curr_msg_data_type == "text":
            try:
                text = b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.frames = []
                self.close_with(1007, "text that is not UTF-8")
                return
            self.frames = []
            if not self.close_sent:
                self.queue.put_nowait({"type": "websocket.receive", "text": text})
        else:
            data, self.frames = b"".join(self.frames), []
            if not self.close_sent:
                self.queue.put_nowait({"type": "websocket.receive", "bytes": data})

    async def receive(self) -> ASGIReceiveEvent:
        message = await self.queue.get()
        if self._input and self.queue.empty():
            self.connection.turns.ask(self)
        return message

    async def send(self, message: ASGISendEvent) -> None:
        await super().send(message)
        if self.close_sent and self.initial_response is not None:
            self.handshake_complete = True  # it was refused, which is an answer too
        if self._input:
            self.connection.turns.ask(self)  # accepted, closed, or answered: all of them may make room

    # -- the end -------------------------------------------------------------------------------------------

    def close_with(self, code: int, reason: str) -> None:
        """End the connection because of what the client did, with a close code and the reason."""
        if self._telling_off or self.disconnected:
            return
        self.connection.log("closed with %d: %s", code, reason)
        if self.close_sent or not self.handshake_complete:
            self.transport.abort()
            return
        self.conn.fail(code, reason)
        self.handle_parser_exception()

    def handle_parser_exception(self) -> None:
        """Send the close frame that was decided on; then only our half of the connection ends.

        The rest of the client's input is read and thrown away: a socket closed with unread data answers with
        a reset, which overtakes the close frame.
        """
        if self._telling_off:
            return
        self._telling_off = True
        self._input.clear()
        self.frames = []
        self._taken_bytes = 0
        self._hold()
        close = self.conn.close_sent
        if close is None or self.close_timer is not None:
            self.transport.abort()
            return
        if self.conn.parser_exc is not None:
            self.connection.log("closed with %d: %s", close.code, close.reason)
        self.queue.put_nowait({"type": "websocket.disconnect", "code": close.code, "reason": close.reason})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.close_timer = self.connection.linger(self.close_timeout)

    def keepalive_timeout(self) -> None:
        """End the connection of a client that does not answer pings: it would not answer a close either.

        The answer may stand behind input that was not read yet; then the client stays.
        """
        if self._input and self.writable.is_set() and not self.close_sent:
            self.pong_timer = self.loop.call_later(self.ping_timeout or 0, self.keepalive_timeout)
            return
        super().keepalive_timeout()
        self.transport.abort()

    def _evict(self) -> None:
        unread = self._queued_bytes or self.transport.get_write_buffer_size()
        self.close_with(1013, str(self.connection.holds_too_much()))
        if unread:
            self.transport.abort()
