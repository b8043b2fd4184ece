"""Hub: all Socket.IO clients of the node: engineio's server with limits, and the namespaces behind it.

python-socketio's own server is left aside, for it has no bound for what it queues, no way to send an
acknowledgement at its place among events, and a search through all clients whenever one leaves.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any

import engineio
from socketio.packet import CONNECT, DISCONNECT, EVENT
from starlette.datastructures import QueryParams

from mediad import logs
from mediad.signaling.dialects.event_dialect import Call, EventDialect, Handshake, Refused
from mediad.signaling.limits import ConnectionLimits
from mediad.signaling.server.options import MAX_MESSAGE_BYTES
from mediad.signaling.socketio import packets
from mediad.signaling.socketio.link import Link
from mediad.signaling.socketio.send_queue import SendQueue
from mediad.signaling.socketio.session import Session

PING_INTERVAL_S, PING_TIMEOUT_S = 25, 20
"""The times of Engine.IO's heartbeat. A poll is answered within their sum, in time for the HTTP front."""

_log = logs.bind(__name__)


class _Quiet:
    """engineio's log without the lines that clients cause; what remains are its bugs and ours."""

    def __init__(self, logger: logging.Logger) -> None:
        self.exception = logger.exception

    def info(self, *_: Any) -> None:
        pass

    warning = error = info


class _Engine(engineio.AsyncServer):
    """The Engine.IO server, with queues that have a bound."""

    def create_queue(self, *_: Any, **__: Any) -> SendQueue:
        return SendQueue()


class Hub:
    """The links of all clients, and the dialect of each namespace."""

    def __init__(self, dialects: Mapping[str, EventDialect], limits: ConnectionLimits) -> None:
        self._dialects = dialects
        self._limits = limits
        self.links: dict[str, Link] = {}
        self.engine = _Engine(
            async_mode="asgi",
            ping_interval=PING_INTERVAL_S,
            ping_timeout=PING_TIMEOUT_S,
            max_http_buffer_size=MAX_MESSAGE_BYTES,
            http_compression=False,
            cookie=None,
            cors_allowed_origins=[],  # origins are judged before
            async_handlers=False,
            logger=_Quiet(logging.getLogger(__name__)),
        )
        self.engine.on("connect", self._connected)
        self.engine.on("message", self._message)
        self.engine.on("disconnect", self._disconnected)

    # -- what engineio calls -------------------------------------------------------------------------------

    def _connected(self, engine_sid: str, environ: dict[str, Any]) -> None:
        """Make the link of a new session; whoever judged the request finds it in its scope."""
        scope = environ["asgi.scope"]
        link = Link(self.engine.sockets[engine_sid], scope, self._limits)
        self.links[engine_sid] = scope["state"]["link"] = link
        scope["state"]["on_link"](link)

    def _disconnected(self, engine_sid: str, reason: str) -> None:
        link = self.links.pop(engine_sid, None)
        if link is None:
            return
        if reason == self.engine.reason.PING_TIMEOUT:
            link.close("the heartbeat was not answered")
        link.ended()

    async def _message(self, engine_sid: str, text: str) -> None:
        link = self.links.get(engine_sid)
        if link is None or link.closed:
            return
        began_ns = time.thread_time_ns()
        try:
            packet: packets.Packet | None = packets.parse(text)
        except packets.Malformed as error:
            packet, problem = None, error
        link.worked(len(text), (time.thread_time_ns() - began_ns) // 1000)
        if packet is None:
            await self._refuse(link, problem)
        elif packet.packet_type == CONNECT:
            await self._connect(link, packet.namespace, packet.data)
        elif packet.packet_type == DISCONNECT:
            self._leave(link, packet.namespace)
        elif packet.packet_type == EVENT:
            name, *arguments = packet.data
            await self._take(link, packet.namespace, Call(name, arguments, packet.id))
        else:
            link.violation("an acknowledgement that nobody waits for")

    # -- packets -------------------------------------------------------------------------------------------

    async def _refuse(self, link: Link, error: packets.Malformed) -> None:
        """Answer a packet that cannot be read, if an answer is expected; it counts against the client."""
        if error.is_event and error.namespace in link.members:
            call = Call("an event", ack_id=error.ack_id, problem=str(error))
            await self._take(link, error.namespace, call)
        else:
            link.violation(str(error))

    async def _take(self, link: Link, namespace: str, call: Call) -> None:
        session = link.members.get(namespace)
        if session is None:
            link.violation("an event of a client that is not connected to the namespace")
        else:
            await session.take(call)

    def _leave(self, link: Link, namespace: str) -> None:
        session = link.members.pop(namespace, None)
        if session is not None:
            session.end()
            link.watch()

    async def _connect(self, link: Link, namespace: str, auth: Any) -> None:
        dialect = self._dialects.get(namespace)
        if dialect is None or namespace in link.members:
            known = "connected already" if dialect is not None else "Invalid namespace"
            link.send(packets.refused_text(namespace, known))
            link.violation(f"{known}: {namespace[:100]}")
            return
        session = Session(link, namespace, self.engine.generate_id(), self._limits.pending_requests, _log)
        query = QueryParams(link.query_string)
        handshake = Handshake(query, auth if isinstance(auth, dict) else {}, link.address)
        link.members[namespace] = session
        link.watch()
        try:
            visit = await dialect.admit(session, handshake)
        except Refused as refused:
            _log.info("client %s: refused in namespace %s: %s", link.address, namespace, refused)
            reason, counted = str(refused), True
        except Exception:
            _log.exception("client %s: not admitted because of a bug in mediad", link.address)
            reason, counted = "internal error", False
        else:
            session.start(visit)
            return
        self._leave(link, namespace)
        link.send(packets.refused_text(namespace, reason))
        if counted:
            link.violation(reason)  # one connection is not for trying many tokens
