"""Session: a client in one namespace: its events answered one after the other, each once.

Socket.IO clients send many events that have no answer, and rely on their order. So the events of one client
wait for each other here; those of different clients do not.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from mediad import logs
from mediad.rooms.listener import CloseCause
from mediad.signaling.dialects.dialect import RequestFailed
from mediad.signaling.dialects.event_dialect import Call, Visit
from mediad.signaling.socketio import packets
from mediad.signaling.socketio.link import Link

FINAL = frozenset({CloseCause.REPLACED, CloseCause.EXPIRED, CloseCause.REMOVED})
"""The causes after which a client shall not come back by itself."""


class Session:
    """A client's place in one namespace; what a dialect says goes out through it."""

    def __init__(self, link: Link, namespace: str, sid: str, pending_events: int, log: logs.Context) -> None:
        """Prepare a session; at most `pending_events` events wait in it."""
        self.sid = sid
        self._link = link
        self._namespace = namespace
        self._pending_events = pending_events
        self._log = log
        self._visit: Visit | None = None
        self._inbox: deque[Call] = deque()
        self._room = asyncio.Event()
        self._working: asyncio.Task[None] | None = None
        self._ended = False

    # -- calls of the dialect ------------------------------------------------------------------------------

    def notify(self, event: str, data: Any, *, droppable: bool = False) -> None:
        """Queue an event; a droppable one is left out while much waits to be sent."""
        if not self._ended:
            self._link.send(packets.event_text(self._namespace, event, data), droppable=droppable)

    def acknowledge(self, ack_id: int, arguments: list[Any]) -> None:
        """Queue the acknowledgement of an event."""
        if not self._ended:
            self._link.send(packets.ack_text(self._namespace, ack_id, arguments))

    def joined(self) -> None:
        """Note that the client has joined: it may send larger messages from now on."""
        self._link.join()

    def close(self, cause: CloseCause, reason: str) -> None:
        """End the session; returns at once.

        A client whose transport is closed connects again by itself, one that is disconnected from its
        namespace does not.
        """
        if self._ended:
            return
        if cause in FINAL:
            self._link.send(packets.disconnected_text(self._namespace))
            self._link.members.pop(self._namespace, None)
            self._link.watch()
            self.end()
        else:
            self._link.close(reason, quiet=True)

    # -- its life ------------------------------------------------------------------------------------------

    def start(self, visit: Visit) -> None:
        """Tell the client that it is connected, and let the dialect greet it."""
        self._visit = visit
        if self._ended:
            visit.leave()
            return
        self._link.send(packets.connected_text(self._namespace, self.sid))
        visit.greet()

    def end(self) -> None:
        """Note that nothing can be sent to the client any more."""
        if self._ended:
            return
        self._ended = True
        self._inbox.clear()
        self._room.set()
        if self._visit is not None:
            self._visit.leave()

    # -- events --------------------------------------------------------------------------------------------

    async def take(self, call: Call) -> None:
        """Take an event in; wait while many others wait, so that more are left unread."""
        if self._visit is None:
            self._link.violation("an event before the client was admitted")
            return
        while len(self._inbox) >= self._pending_events and not self._ended:
            self._room.clear()
            await self._room.wait()
        if self._ended:
            return
        self._inbox.append(call)
        if self._working is None:
            self._working = asyncio.create_task(self._work())

    async def _work(self) -> None:
        while self._inbox:
            await self._answer(self._inbox.popleft())
            self._room.set()
        self._working = None

    async def _answer(self, call: Call) -> None:
        visit = self._visit
        assert visit is not None
        try:
            if call.problem is not None:
                raise RequestFailed(500, call.problem, violation=True)
            reply = await visit.handle(call)
        except RequestFailed as failure:
            self._log.debug("> %s refused: %s", call.name[:100], failure)
            visit.refuse(call, str(failure))
            if failure.violation:
                self._link.violation(str(failure))
        except Exception:
            self._log.exception("! %s failed because of a bug in mediad", call.name[:100])
            visit.refuse(call, "internal error")
        else:
            reply.deliver(lambda value: visit.answer(call, value))
