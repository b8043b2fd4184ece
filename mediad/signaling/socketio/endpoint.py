"""The ASGI endpoint of Socket.IO: what every request is judged by before engineio sees it.

engineio answers handshakes and polls and carries WebSockets. Bodies of requests are read here, and frames are
looked at here: engineio holds neither to a limit and stops at what it does not expect.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable
from typing import Any

from engineio.async_socket import AsyncSocket
from engineio.packet import Packet
from starlette.datastructures import Headers, QueryParams
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket
from uvicorn.protocols.utils import ClientDisconnected

from mediad import logs
from mediad.budgets.refusal import RETRY
from mediad.rooms.stock import Size, Table, holder_at
from mediad.signaling.access import Access, NotAdmitted
from mediad.signaling.cors import reached
from mediad.signaling.server.options import MAX_MESSAGE_BYTES
from mediad.signaling.server.websocket_protocol import SOCKET_EXTENSION
from mediad.signaling.socketio import packets
from mediad.signaling.socketio.hub import Hub
from mediad.signaling.socketio.link import Link, address_of

LINKS = Size(8192)
"""The number of links of one node; no address has more than its share."""

_log = logs.bind(__name__)


class _Refused(Exception):
    """Error: a request is refused, with the HTTP status of its answer; a `usual` one is not logged."""

    def __init__(self, status: int, reason: str, *, usual: bool = False) -> None:
        super().__init__(reason)
        self.status = status
        self.usual = usual


class SocketIo:
    """The endpoint of all paths below /socket.io."""

    def __init__(self, hub: Hub, access: Access, is_draining: Callable[[], bool]) -> None:
        self._hub = hub
        self._access = access
        self._is_draining = is_draining
        self._table = Table("Socket.IO sessions", LINKS, "this node")
        # as for WebSockets: without rules, pages of every origin may connect
        self._open: ASGIApp = CORSMiddleware(
            self._serve,
            allow_origin_regex=".*",
            allow_methods=("GET", "POST"),
            allow_headers=("*",),
            allow_credentials=True,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_open = self._access.rules.origins is None
        await (self._open if is_open else self._serve)(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            link = self._judge(scope)
            if scope["type"] == "websocket":
                await self._carry(link, scope, receive, send)
            elif scope["method"] == "POST":
                await self._post(link, scope, receive, send)
            else:
                await self._get(link, scope, receive, send)
        except _Refused as refused:
            if not refused.usual:
                client = scope["state"]["connection"]
                client.log("%s: refused with %d: %s", scope["path"], refused.status, refused)
            headers = RETRY if refused.status in (429, 503) else None
            response = PlainTextResponse(f"{refused}\n", refused.status, headers)
            if scope["type"] == "websocket":
                await WebSocket(scope, receive, send).send_denial_response(response)
            else:
                await response(scope, receive, send)

    def _judge(self, scope: Scope) -> Link | None:
        """Return the link that a request belongs to; None for a handshake. Raises _Refused."""
        headers, query = Headers(scope=scope), QueryParams(scope["query_string"])
        try:
            self._access.require_origin(headers.get("origin"), headers.get("host"), reached(scope))
        except NotAdmitted as error:
            raise _Refused(error.status, str(error)) from None
        if "j" in query:
            raise _Refused(400, "JSONP is not served")
        if any(len(query.getlist(name)) > 1 for name in ("sid", "transport")):
            raise _Refused(400, "sid or transport is given twice")  # engineio would take the other one
        if scope["type"] == "http" and query.get("transport", "polling") != "polling":
            raise _Refused(
                400, "no WebSocket comes with this request: a proxy has to pass Connection: Upgrade"
            )
        sid = query.get("sid")
        if sid is not None:
            link = self._hub.links.get(sid)
            if link is None or link.closed:
                # of a client that polls once more after its end, or after that of an earlier server
                raise _Refused(400, "no such session: connect again", usual=True)
            return link
        if self._is_draining():
            raise _Refused(503, "this server is draining: connect again")
        self._claim(scope)
        return None

    def _claim(self, scope: Scope) -> None:
        """Have the link of a handshake take its place among all others. Raises _Refused."""
        holder = holder_at(address_of(scope))
        refusal = self._table.refusal((holder,), has=0)
        if refusal is not None:
            raise _Refused(503, refusal[1])

        def made(link: Link) -> None:
            link.claim = self._table.take((holder,))

        scope["state"]["on_link"] = made

    # -- long polling --------------------------------------------------------------------------------------

    async def _get(self, link: Link | None, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a handshake at once, and a poll when there is something to send."""
        first = await receive()
        answering = asyncio.ensure_future(self._hub.engine.handle_request(scope, _replay(first), send))
        if link is not None:
            leaving = asyncio.ensure_future(_gone(receive))
            # the server is about to stop: nobody has to wait until the heartbeat is due
            scope["state"]["connection"].on_stopping = functools.partial(
                link.close, "the server is stopping", quiet=True
            )
            await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not leaving.done():
                leaving.cancel()
            elif not answering.done():
                link.lose()
        await answering

    async def _post(self, link: Link | None, scope: Scope, receive: Receive, send: Send) -> None:
        """Take in the packets of a request's body."""
        if link is None:
            raise _Refused(400, "a session begins with GET")
        engine_socket: AsyncSocket = self._hub.engine.sockets[link.sid]
        if link.upgraded or not engine_socket.connected:
            raise _Refused(400, "this session is on a WebSocket")
        body = await _read(link, scope, receive)
        for text in body.split(packets.SEPARATOR):
            if link.closed:
                raise _Refused(400, "the session is closed")
            if text.startswith("b"):
                link.violation("binary attachments are not accepted")
                continue
            if not packets.is_frame(text):
                link.close("a body that is no Engine.IO packet")
            if not await link.wait_for_budget():
                raise _Refused(400, "the session is closed")
            await engine_socket.receive(Packet(encoded_packet=text))
        await PlainTextResponse("ok")(scope, receive, send)

    # -- WebSockets ----------------------------------------------------------------------------------------

    async def _carry(self, link: Link | None, scope: Scope, receive: Receive, send: Send) -> None:
        """Carry a WebSocket, from a handshake or, of a link that is polling, from its upgrade."""
        socket: Any = scope["extensions"][SOCKET_EXTENSION]["socket"]
        expected: list[str] = []
        if link is not None:
            if link.has_socket:
                raise _Refused(400, "this session has a WebSocket already")
            link.take_socket(socket)
            expected = [packets.UPGRADE, packets.PROBE]
        else:
            claim = scope["state"]["on_link"]

            def made(link: Link) -> None:
                claim(link)
                link.take_socket(socket)

            scope["state"]["on_link"] = made

        async def checked() -> Message:
            while True:
                message = await receive()
                if message["type"] != "websocket.receive":
                    return message
                text = message.get("text")
                mine = link or scope["state"]["link"]
                if text is None:
                    mine.violation("binary attachments are not accepted")
                elif text == expected.pop() if expected else packets.is_frame(text):
                    return message
                else:
                    socket.close_with(1008, "a frame that is no Engine.IO packet")

        try:
            await self._hub.engine.handle_request(scope, checked, _until_closed(send))
        finally:
            if link is not None and not link.upgraded:
                link.drop_socket(socket)


def _until_closed(send: Send) -> Send:
    """Return a function that sends on a WebSocket; engineio may miss the moment in which mediad closes it."""

    async def sending(message: Message) -> None:
        try:
            await send(message)
        except RuntimeError:
            raise ClientDisconnected from None

    return sending


def _replay(first: Message) -> Receive:
    async def receive() -> Message:
        return first

    return receive


async def _gone(receive: Callable[[], Awaitable[Message]]) -> None:
    """Return when the client of a request has gone away."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _read(link: Link, scope: Scope, receive: Receive) -> str:
    """Return the body of a request. Raises _Refused when it is too large, or no text."""
    limit = (
        MAX_MESSAGE_BYTES if link.joined else scope["state"]["connection"].limits.message_bytes_before_join
    )
    body = bytearray()
    try:
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _Refused(400, "the request has no end")
            portion = message.get("body", b"")
            body += portion
            link.hold_input(len(portion))
            if link.closed:
                raise _Refused(400, "the session is closed")
            if len(body) > limit:
                raise _Refused(413, f"a body of more than {limit} bytes")
            if not message.get("more_body"):
                return body.decode()
    except UnicodeDecodeError:
        raise _Refused(400, "a body that is not UTF-8") from None
    finally:
        link.hold_input(-len(body))
