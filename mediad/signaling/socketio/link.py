"""Link: one Engine.IO session of a client, over long polling or a WebSocket, with its limits and its end.

A link carries the client's sessions, one for each namespace that it has connected to. engineio moves its
packets; here is what engineio has no bounds for.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from engineio.async_socket import AsyncSocket
from engineio.packet import NOOP, Packet
from starlette.types import Scope

from mediad.rooms.stock import Claim
from mediad.signaling.dialects.event_dialect import Call
from mediad.signaling.limits import ConnectionLimits, ViolationBudget
from mediad.signaling.server.client_connection import ClientConnection, now_us
from mediad.signaling.server.input_budget import PRICES, InputBudget
from mediad.signaling.server.websocket_protocol import TOO_MANY
from mediad.signaling.socketio.send_queue import SendQueue

CONNECT_S = 10.0
"""The time that a client may be without a namespace, in seconds; then its link is closed."""

logger = logging.getLogger(__name__)


def address_of(scope: Scope) -> str:
    """Return the address of a request's client, which a proxy on this machine may have told."""
    client = scope.get("client")
    return client[0] if client else "a local socket"


class Socket(Protocol):
    """The server's WebSocket, as far as ASGI has no messages for it."""

    on_lost: Callable[[], None]

    def close_with(self, code: int, reason: str) -> None: ...

    def joined(self) -> None: ...

    def queued(self, size_bytes: int) -> None: ...

    def worked(self, size_bytes: int, cost_us: int) -> None: ...


class Member(Protocol):
    """The client in one namespace."""

    async def take(self, call: Call) -> None:
        """Take an event in; wait while many others wait."""
        ...

    def end(self) -> None:
        """Note that nothing can be sent to the client any more."""
        ...


class Link:
    """One client's session from its handshake to its end, whoever ends it."""

    def __init__(self, engine_socket: AsyncSocket, scope: Scope, limits: ConnectionLimits) -> None:
        """Prepare the link of a handshake, whose request has this `scope`."""
        connection: ClientConnection = scope["state"]["connection"]
        self._budgets, self._holders = connection.front_state.budgets, connection.holders
        self._patience_us = int(connection.limits.input.patience_s * 1e6)
        self.sid: str = engine_socket.sid
        self.query_string: bytes = scope["query_string"]
        self.address = address_of(scope)
        self.members: dict[str, Member] = {}
        """The client's sessions by namespace."""
        self.claim = Claim()
        """The place among all links of the node that it takes."""
        self.closed = False
        self.joined = False
        """True once it has been a member of a room: its messages may be larger then."""
        self._engine_socket = engine_socket
        self._queue: SendQueue = engine_socket.queue
        self._queue.on_size = self._measure
        self._limits = limits
        self._violations = ViolationBudget(limits.violations, limits.violations_per_s)
        self._budget = InputBudget(connection.limits.input)
        self._account = connection.front_state.ledger.open(self._evict)
        self._input_bytes = 0
        self._socket: Socket | None = None
        self._ending: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()
        self._idle: asyncio.TimerHandle | None = None
        self.watch()

    # -- what is sent --------------------------------------------------------------------------------------

    def send(self, text: str, *, droppable: bool = False) -> None:
        """Queue a packet; a droppable one is left out while much waits to be sent."""
        if self.closed:
            return
        waiting = self._queue.size_bytes + len(text)
        if droppable and waiting > self._limits.droppable_bytes:
            return
        if waiting > self._limits.send_queue_bytes:
            self.close(f"the client does not read: {self._queue.size_bytes} bytes were waiting")
            return
        self._queue.put_text(text)

    def _measure(self) -> None:
        size_bytes = 0 if self.closed else self._queue.size_bytes
        if self._socket is not None:
            self._socket.queued(size_bytes)
        else:
            self._account.hold("out", size_bytes)

    # -- what is received ----------------------------------------------------------------------------------

    def hold_input(self, change_bytes: int) -> None:
        """Note a change of the memory of bodies that are being read; there may be several at once."""
        self._input_bytes += change_bytes
        self._account.hold("in", self._input_bytes)

    async def wait_for_budget(self) -> bool:
        """Wait before the next packet of a request; False when the client has sent too much for too long."""
        budgets, holders, since_us = self._budgets, self._holders, now_us()
        while wait_us := self._budget.wait_us(now_us()):
            if self._budget.exhausted(now_us()):
                self.close("more than one client may send", TOO_MANY)
            if self.closed:
                return False
            await asyncio.sleep(min(wait_us / 1_000_000, 1.0))
        while wait_s := budgets.wait_s("messages", holders, now_us() / 1e6):
            if now_us() - since_us > self._patience_us and not self._budget.is_light(now_us()):
                self.close(str(budgets.check("messages", holders, now_us() / 1e6)), TOO_MANY)
            if self.closed:
                return False
            await asyncio.sleep(min(wait_s, 0.25))
        budgets.owe("messages", holders, now_us() / 1e6)
        self._budget.charge(PRICES.message_us, now_us())
        return not self.closed

    def worked(self, size_bytes: int, cost_us: int) -> None:
        """Note the real cost of reading a packet, beyond the expected one that was counted before."""
        if self._socket is not None:
            self._socket.worked(size_bytes, cost_us)
        else:
            self._budget.charge(max(0, cost_us - PRICES.message_us), now_us())

    def violation(self, reason: str) -> None:
        """Count what breaks the protocol; too much of it closes the link."""
        logger.debug("client %s: %s", self.address, reason[:200])
        if not self._violations.charge(now_us()):
            self.close("too many protocol violations", 1008)

    def join(self) -> None:
        """Note that the client has joined a room: it may send larger messages from now on."""
        self.joined = True
        if self._socket is not None:
            self._socket.joined()

    # -- transports ----------------------------------------------------------------------------------------

    def take_socket(self, socket: Socket) -> None:
        """Go on over this WebSocket; before it was long polling, if anything."""
        self._account.hold("out", 0)
        self._socket = socket
        socket.on_lost = self._socket_lost
        if self.joined:
            socket.joined()
        self._measure()

    def _socket_lost(self) -> None:
        if self.upgraded:
            self.lose()

    def drop_socket(self, socket: Socket) -> None:
        """Go on with long polling: this WebSocket was to take over and did not."""
        if self._socket is not socket:
            return
        self._socket = None
        self._engine_socket.upgrading = False  # engineio forgets it when the WebSocket ends in between
        self._measure()

    @property
    def has_socket(self) -> bool:
        """True when a WebSocket carries packets, or is about to take over."""
        return self._socket is not None

    @property
    def upgraded(self) -> bool:
        """True when its WebSocket is the one that carries packets."""
        return bool(self._engine_socket.upgraded)

    # -- the end -------------------------------------------------------------------------------------------

    def watch(self) -> None:
        """Start the time within which a client without a namespace must connect to one."""
        if self._idle is not None:
            self._idle.cancel()
        self._idle = None if self.members or self.closed else self._loop.call_later(CONNECT_S, self._overdue)

    def _overdue(self) -> None:
        if not self.members:
            self.close(f"no namespace for {CONNECT_S:g} s")

    def lose(self) -> None:
        """End the link: its transport is gone. Clients that are still there connect again."""
        self.close("the connection is gone", quiet=True)

    def close(self, reason: str, code: int = 1012, *, quiet: bool = False) -> None:
        """End the link, and drop all that is queued; the client connects again by itself.

        `code` is the close code of a WebSocket; a `quiet` end is no fault of the client's, and not logged for
        polls. Returns at once; a second call does nothing.
        """
        if self.closed:
            return
        self.closed = True
        self._queue.clear()
        for member in list(self.members.values()):
            member.end()
        self.watch()
        if self._socket is not None:
            self._socket.close_with(code, reason[:100])
        elif not quiet:
            logger.info("client %s: session closed: %s", self.address, reason)
        self._ending = self._loop.create_task(self._end())

    async def _end(self) -> None:
        await self._engine_socket.close(wait=False)
        self._queue.put_nowait(None)

    def ended(self) -> None:
        """Free all that is counted; called once, when engineio has ended the session."""
        if not self.closed:
            self.closed = True
            for member in list(self.members.values()):
                member.end()
            self._queue.put_nowait(Packet(NOOP))  # answers a poll that waits
        self.watch()
        self._account.close()
        self.claim.release()

    def _evict(self) -> None:
        self.close("all connections together hold too much, and this one holds most", 1013)
