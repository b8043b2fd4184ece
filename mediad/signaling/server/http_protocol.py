"""HTTP/1.1 on the front: uvicorn's protocol on h11, with a limit for everything.

Limits that uvicorn lacks are here: on the time of a head, a body and an answer, on the size of a head,
against two lengths for one body, and on error lines that clients cause. Input is read in turns
(`input_turns.py`).
"""

from __future__ import annotations

import asyncio
import http
import logging
import sys
from collections import deque
from collections.abc import Callable
from typing import Any

import h11
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState
from websockets.datastructures import Headers
from websockets.exceptions import InvalidHeaderValue
from websockets.http11 import Request

from mediad.signaling.server.client_connection import ClientConnection, FrontState, now_us, plain_client
from mediad.signaling.server.input_budget import PRICES

_PORTION_BYTES = 16 * 1024
_REASON_LENGTH = 200
_UNSENT_BYTES = 16 * 1024
"""The unsent part of an answer above which the rest of it waits, and the connection counts as behind."""
_UNREAD_BYTES = 64 * 1024
"""The unread input above which reading pauses."""


class _TooManyHeaders(h11.RemoteProtocolError):
    """A head that h11 could read, and that has too many headers."""


class _Parser(h11.Connection):
    """h11, stricter about heads."""

    def __init__(self, head_bytes: int, headers: int) -> None:
        super().__init__(h11.SERVER, head_bytes)
        self._header_limit = headers
        self.requests = 0

    def next_event(self) -> Any:
        event = super().next_event()
        if isinstance(event, h11.Request):
            self.requests += 1
            names = [name for name, _ in event.headers]
            if b"content-length" in names and b"transfer-encoding" in names:
                # RFC 9112 section 6.1: two lengths are a way to smuggle requests past a proxy
                raise h11.RemoteProtocolError("both Content-Length and Transfer-Encoding")
            if len(names) > self._header_limit:
                reason = f"more than {self._header_limit} headers"
                raise _TooManyHeaders(reason, error_status_hint=431)
        return event


class _Quiet(logging.LoggerAdapter[logging.Logger]):
    """uvicorn's log without its warnings: clients cause them, and they do not say which client it was."""

    level = logging.WARNING

    def warning(self, *arguments: Any, **options: Any) -> None:
        pass


class _Flow(FlowControl):
    """Flow control that joins uvicorn's wish to leave a body unread with ours to leave input unread."""

    def __init__(self, transport: asyncio.Transport, changed: Callable[[], None]) -> None:
        super().__init__(transport)
        self._changed = changed

    def pause_reading(self) -> None:
        self.read_paused = True
        self._changed()

    def resume_reading(self) -> None:
        self.read_paused = False
        self._changed()


class HttpProtocol(H11Protocol):
    """One connection until it is upgraded."""

    def __init__(
        self,
        front_state: FrontState,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.connection = ClientConnection(front_state)
        self.connection.account.evict = self._evict
        self.app_state = {**app_state, "connection": self.connection}
        limits = front_state.limits
        self.logger = _Quiet(self.logger, {})  # type: ignore[assignment]
        self.conn: _Parser = _Parser(limits.head_bytes, limits.headers)
        self._input: deque[bytes] = deque()
        self._heard = False
        self._head_begun = True
        self._requests_seen = 0
        self._phase = ("", 0)
        self._deadline: asyncio.TimerHandle | None = None
        self._done = False

    # -- the connection ------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.client = self.connection.told_client or plain_client(self.client)
        self.flow = _Flow(transport, self._flow_changed)
        transport.set_write_buffer_limits(high=_UNSENT_BYTES)
        self.connection.made(transport, self.client)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel_deadline()
        self._input.clear()
        self.connection.turns.forget(self)
        self.connection.lost()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Note how much the client has left unread; `resume_writing` follows when it has read most of it."""
        super().pause_writing()
        self.connection.account.hold("out", self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        self.connection.account.hold("out", 0)
        super().resume_writing()

    def shutdown(self) -> None:
        super().shutdown()
        self.connection.on_stopping()

    def data_received(self, data: bytes) -> None:
        if self._done:
            self.connection.discard_input()
            return
        self._heard = True
        self._unset_keepalive_if_required()
        self._input.extend(data[at : at + _PORTION_BYTES] for at in range(0, len(data), _PORTION_BYTES))
        self._measure()
        self.connection.turns.ask(self)

    # -- turns ---------------------------------------------------------------------------------------------

    def used_us(self, at_us: int) -> float:
        return self.connection.budget.used_us(at_us)

    def address_used_us(self, at_us: int) -> float:
        return self.connection.address_used_us(at_us)

    def is_light(self, at_us: int) -> bool:
        return self.connection.budget.is_light(at_us)

    def take_turn(self, at_us: int) -> int:
        if not self._input or self.transport.is_closing() or self._done or self.flow.read_paused:
            return 0
        data = self._input.popleft()
        before = self.conn.requests
        self._head_begun = True
        self.conn.receive_data(data)
        cost_us = PRICES.input_us(1, 0, len(data))
        self.connection.charge(cost_us, at_us)
        self.handle_events()
        if not self._done:
            self._measure()
            if self._input:
                self.connection.turns.ask(self)
            self._watch()
        upgraded = self.transport.get_protocol() is not self
        return cost_us + (self.conn.requests - before) * (
            PRICES.upgrade_us if upgraded else PRICES.http_request_us
        )

    def handle_events(self) -> None:
        """Handle the next request; it may have to wait.

        Also called when one was answered and the next is here.
        """
        budget, at_us = self.connection.budget, now_us()
        if wait_us := budget.wait_us(at_us):
            if budget.exhausted(at_us) and self._asking():
                self._refuse(429, str(self.connection.sends_too_much(at_us)))
            else:
                self.flow.pause_reading()
                self.loop.call_later(wait_us / 1_000_000, self._go_on)
            return
        before = self.conn.requests
        super().handle_events()
        self.connection.charge((self.conn.requests - before) * PRICES.http_request_us, at_us)

    def _asking(self) -> bool:
        """True when a request is here, at least in part: clients lose an answer that comes before it."""
        return self.conn.their_state is not h11.IDLE or bool(self.conn.trailing_data[0] or self._input)

    def _go_on(self) -> None:
        if not self._done and not self.transport.is_closing():
            self.flow.resume_reading()
            self.handle_events()
            self._watch()

    def _flow_changed(self) -> None:
        self._measure()
        if self._input and not self.flow.read_paused:
            self.connection.turns.ask(self)

    def _measure(self) -> None:
        if not self._done:
            size_bytes = sum(map(len, self._input))
            self.connection.account.hold("http", size_bytes)
            self.connection.read(size_bytes <= _UNREAD_BYTES and not self.flow.read_paused)

    # -- deadlines -----------------------------------------------------------------------------------------

    def _watch(self) -> None:
        """Start the time of each part of an exchange; more bytes of the same part do not make it longer."""
        if self._done or self.transport.is_closing():
            return
        phase = self._phase_now()
        if (phase, self.conn.requests) == self._phase:
            return
        self._phase = (phase, self.conn.requests)
        self._cancel_deadline()
        limits = self.connection.limits
        times = {
            "head": limits.head_timeout_s,
            "body": limits.body_timeout_s,
            "response": limits.response_timeout_s,
        }
        if phase in times:
            self._deadline = self.loop.call_later(times[phase], self._overdue, phase)

    def _phase_now(self) -> str:
        if self.conn.their_state is h11.SEND_BODY:
            return "body"
        if self.conn.requests > self._requests_seen:
            self._requests_seen = self.conn.requests
            self._head_begun = False
        if self._answering() or self.transport.get_write_buffer_size():
            return "response"
        return "head" if self._head_begun else "idle"

    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _overdue(self, phase: str) -> None:
        if phase == "head" and not self._heard:
            self.transport.close()  # browsers open connections in advance, and send nothing on some of them
        elif phase == "head":
            self._refuse(408, f"no complete request within {self.connection.limits.head_timeout_s:g} s")
        elif phase == "body":
            self._refuse(408, f"no end of the body within {self.connection.limits.body_timeout_s:g} s")
        elif not self._answering() and not self.transport.get_write_buffer_size():
            self._phase = ("", 0)  # it was read, and no callback told so
            self._watch()
        else:
            self.connection.log(
                "closed: it did not read the answer within %g s",
                self.connection.limits.response_timeout_s,
            )
            self.transport.abort()

    def _cancel_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch()

    # -- refusals ------------------------------------------------------------------------------------------

    def send_400_response(self, msg: str) -> None:
        """Refuse a request that h11 could not read, or that is not allowed here."""
        error = sys.exception()
        status = error.error_status_hint if isinstance(error, h11.RemoteProtocolError) else 400
        if status == 431 and not isinstance(error, _TooManyHeaders) and not self._has_line():
            status = 414
        self._refuse(status, str(error or msg)[:_REASON_LENGTH])  # h11 quotes what the client sent

    def _has_line(self) -> bool:
        """True when at least the request line has an end."""
        return b"\n" in self.conn.trailing_data[0]

    def _refuse(self, status: int, reason: str) -> None:
        """Send the reason, if that is still possible, and end the connection."""
        if self._done or self.transport.is_closing():
            return
        self._input.clear()
        self._measure()
        self._done = True
        self._cancel_deadline()
        self._unset_keepalive_if_required()
        self.connection.log("refused with %d: %s", status, reason)
        if self._answering():
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            if self.cycle.response_started:
                self.transport.abort()
                return
        self.transport.write(_answer(status, reason))
        self._deadline = self.connection.linger()

    def _evict(self) -> None:
        self.connection.log("closed: %s", self.connection.holds_too_much())
        self._input.clear()
        self.transport.abort()

    # -- upgrades ------------------------------------------------------------------------------------------

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Pass the connection on; the head was read here, and frames follow it."""
        if event.method != b"GET":
            self._refuse(405, "a WebSocket begins with GET")
            return
        if any(name == b"transfer-encoding" or _promises(name, value) for name, value in event.headers):
            self._refuse(400, "a request for a WebSocket has no body")  # it would be read as frames
            return
        headers = Headers()
        try:
            for name, value in event.headers:
                headers[name.decode("ascii")] = value.decode("latin-1")
        except InvalidHeaderValue as error:
            self._refuse(400, str(error))
            return
        rest = self.conn.trailing_data[0] + b"".join(self._input)
        self._input.clear()
        self._measure()
        self._done = True
        self._cancel_deadline()
        self._unset_keepalive_if_required()
        self.connection.turns.forget(self)
        self.connections.discard(self)
        self.transport.set_write_buffer_limits()
        make: Any = self.ws_protocol_class
        protocol = make(config=self.config, server_state=self.server_state, app_state=self.app_state)
        protocol.connection = self.connection
        protocol.connection_made(self.transport)
        self.transport.set_protocol(protocol)
        protocol.upgraded(Request(event.target.decode("ascii"), headers), rest)


def _promises(name: bytes, value: bytes) -> bool:
    """True when this header says that a body follows."""
    return name == b"content-length" and value.strip(b"0") != b""


def _answer(status: int, reason: str) -> bytes:
    phrase = http.HTTPStatus(status).phrase
    body = f"{reason}\n".encode("utf-8", "replace")
    retry = "Retry-After: 10\r\n" if status == http.HTTPStatus.TOO_MANY_REQUESTS else ""
    head = (
        f"HTTP/1.1 {status} {phrase}\r\n{retry}Content-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
