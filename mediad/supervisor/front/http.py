"""The one HTTP port: sockets opened early, and uvicorn run inside the daemon's event loop."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import ssl
from collections.abc import Generator
from typing import Any

import uvicorn

from mediad.errors import ConfigError, MediadError
from mediad.sockets import listen_tcp
from mediad.supervisor.front.acceptor import Acceptor
from mediad.supervisor.front.admissions import Admissions

FIRST_ROOM = "hello"
"""The room that the link in the log leads to."""

CLOSE_TIMEOUT_S = 1
"""The time for connections to finish when the front stops; every WebSocket was told to close before."""


async def open_front(host: str, port: int) -> list[socket.socket]:
    """Listening sockets for every address of `host`; connections wait until `Front.start`.

    Raises ConfigError when `host` is not an address of this machine, PortError when the port is taken.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except OSError as error:
        reason = f"host: got {host!r}, expected an address or name of this machine: {error.strerror}"
        raise ConfigError(reason) from None
    addresses = dict.fromkeys(str(address[0]) for *_, address in found)
    sockets: list[socket.socket] = []
    try:
        for address in addresses:
            # With port 0 the kernel chooses once, and the other addresses of the name use the same port.
            sockets.append(listen_tcp(address, sockets[0].getsockname()[1] if sockets else port, key="host"))
    except BaseException:
        for sock in sockets:
            sock.close()
        raise
    return sockets


def front_url(host: str, port: int, *, tls: bool = False) -> str:
    """The address to type into a browser on this machine."""
    with contextlib.suppress(ValueError):
        address = ipaddress.ip_address(host)
        if address.is_unspecified:
            host = "localhost"
        elif address.version == 6:
            host = f"[{address}]"
    return f"{'https' if tls else 'http'}://{host}:{port}/"


def room_url(url: str) -> str:
    """A link to one room, where two tabs meet; without a room in it, each tab would get a room of its own."""
    return f"{url}?roomId={FIRST_ROOM}"


class Front:
    """uvicorn serving `app`: started when told, and stopped within about CLOSE_TIMEOUT_S."""

    def __init__(
        self,
        app: Any,
        sockets: list[socket.socket],
        options: dict[str, Any],
        admissions: Admissions,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Prepare to serve.

        `options` are uvicorn's, besides those set here; `admissions` say which connections are accepted.
        """
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=CLOSE_TIMEOUT_S,
            **options,
        )
        self._server = _Guest(config, admissions, tls)
        self._sockets = sockets
        self._serving: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        return int(self._sockets[0].getsockname()[1])

    async def start(self) -> None:
        """Return when connections are being served."""
        self._serving = asyncio.create_task(self._server.serve(self._sockets))
        while not self._server.started:
            if self._serving.done():
                self._serving.result()
                raise MediadError("the HTTP front did not start")
            await asyncio.sleep(0.005)  # uvicorn sets a flag, and has no event to wait for

    async def wait_end(self) -> None:
        """Return, or raise, when the front has ended by itself, which it should not."""
        if self._serving is not None:
            await asyncio.shield(self._serving)

    async def stop(self) -> None:
        """Close the listening sockets, then every connection (WebSockets with 1012)."""
        self._server.should_exit = True
        if self._serving is not None:
            await asyncio.wait({self._serving})
        for sock in self._sockets:
            sock.close()


class _Guest(uvicorn.Server):
    """A server that accepts by Acceptor, and does not handle signals: the daemon does."""

    def __init__(self, config: uvicorn.Config, admissions: Admissions, tls: ssl.SSLContext | None) -> None:
        super().__init__(config)
        self._admissions, self._tls = admissions, tls

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self.servers: list[Any] = [
            Acceptor(sock, self._protocol, self._admissions, self._tls) for sock in sockets or []
        ]
        self.started = True

    def _protocol(self) -> Any:
        make: Any = self.config.http_protocol_class
        return make(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield
