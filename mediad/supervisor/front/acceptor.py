"""Acceptance of connections on a listening socket: a few in each turn of the loop, none above the limits."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import http
import logging
import socket
import ssl
import time
from collections.abc import Callable
from typing import Any

from mediad.addresses import plain_address
from mediad.budgets.refusal import Refusal
from mediad.signaling.server.proxies import Malformed
from mediad.supervisor.front import proxy_header
from mediad.supervisor.front.admissions import Admissions, Place

ACCEPTS_PER_TURN = 16
"""The connections accepted before other tasks of the loop have a turn."""

HANDSHAKE_TIMEOUT_S = 10.0
"""The time for the TLS handshake, from the acceptance on."""

_RETRY_S = 0.5
"""The pause after the kernel had no descriptor or memory for a connection."""

_SCARCE = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}

logger = logging.getLogger(__name__)


class Acceptor:
    """One listening socket. `close` and `wait_closed` are as an asyncio.Server's."""

    def __init__(
        self,
        listener: socket.socket,
        protocol: Callable[[], Any],
        admissions: Admissions,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Accept from `listener`.

        `protocol` makes what speaks on a connection; `on_lost` of its `connection` is set here.
        """
        self._listener = listener
        self._protocol = protocol
        self._admissions = admissions
        self._tls = tls
        self._loop = asyncio.get_running_loop()
        self._greeting: set[asyncio.Task[None]] = set()
        self._closed = False
        listener.setblocking(False)
        self._listen()

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._loop.remove_reader(self._listener)
            for task in self._greeting:
                task.cancel()

    async def wait_closed(self) -> None:
        await asyncio.gather(*self._greeting, return_exceptions=True)

    def _listen(self) -> None:
        if not self._closed:
            self._loop.add_reader(self._listener, self._accept)

    def _accept(self) -> None:
        for _ in range(ACCEPTS_PER_TURN):
            try:
                sock, address = self._listener.accept()
            except OSError as error:
                if error.errno in _SCARCE:
                    logger.error(
                        "no connection can be accepted: %s; trying again every %g s", error.strerror, _RETRY_S
                    )
                    self._loop.remove_reader(self._listener)
                    self._loop.call_later(_RETRY_S, self._listen)
                return  # no client is waiting, or the one that was has gone away
            self._take(sock, plain_address(address[0]) if isinstance(address, tuple) else "")

    def _take(self, sock: socket.socket, address: str) -> None:
        place = self._admissions.admit(address, time.monotonic())
        if isinstance(place, Refusal):
            self._refuse(sock, place)
            return
        task = self._loop.create_task(self._greet(sock, address, place))
        self._greeting.add(task)
        task.add_done_callback(self._greeting.discard)

    def _refuse(self, sock: socket.socket, refusal: Refusal) -> None:
        """Say why, as far as that takes no time; a client of TLS is told nothing before its handshake."""
        with contextlib.suppress(OSError):
            sock.setblocking(False)
            if self._tls is None:
                sock.send(_answer(refusal))
                sock.shutdown(socket.SHUT_WR)
        sock.close()

    async def _greet(self, sock: socket.socket, address: str, place: Place) -> None:
        protocol = self._protocol()
        protocol.connection.on_lost = place.leave
        protocol.connection.on_client = lambda client: place.belong_to(client, time.monotonic())
        try:
            sock.setblocking(False)
            if self._admissions.proxies.begins_with_header(address):
                told = await proxy_header.read_client(sock)
                if told is not None:  # it is none for health checks of the proxy itself
                    address, protocol.connection.told_client = told, (told, 0)
                    if (refusal := place.belong_to(told, time.monotonic())) is not None:
                        self._refuse(sock, refusal)
                        protocol.connection.lost()
                        return
            if sock.family != socket.AF_UNIX:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            timeout_s = HANDSHAKE_TIMEOUT_S if self._tls else None
            await self._loop.connect_accepted_socket(
                lambda: protocol, sock, ssl=self._tls, ssl_handshake_timeout=timeout_s
            )
        except BaseException as error:
            sock.close()
            protocol.connection.lost()
            if not isinstance(error, OSError | TimeoutError | Malformed):  # ssl.SSLError is an OSError
                raise
            logger.info("client %s: no connection was made: %s", address, error or type(error).__name__)


def _answer(refusal: Refusal) -> bytes:
    body = f"{refusal}\n".encode()
    retry = "".join(f"{name}: {value}\r\n" for name, value in refusal.headers.items())
    head = (
        f"HTTP/1.1 {refusal.status} {http.HTTPStatus(refusal.status).phrase}\r\n{retry}"
        f"Content-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
