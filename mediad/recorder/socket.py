"""The recorder's UDP socket: on 127.0.0.1, and open to one address only."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import cast

from mediad.sockets import open_udp

BUFFER_BYTES = 4 * 1024 * 1024
"""The receive buffer that is asked for; a key frame of every track fits, while the loop is busy."""

Address = tuple[str, int]


class RtpSocket(asyncio.DatagramProtocol):
    """A socket that takes datagrams from one address, and sends to it."""

    def __init__(self, receive: Callable[[bytes], None], dropped: Counter[str]) -> None:
        self.remote: Address | None = None
        """The plain transport; None: nothing is taken yet."""
        self.port = 0
        self._receive = receive
        self._dropped = dropped
        self._transport: asyncio.DatagramTransport | None = None

    async def open(self) -> None:
        """Bind to a free port. Raises OSError."""
        opened = open_udp("127.0.0.1", 0, BUFFER_BYTES)
        self.port = opened.getsockname()[1]
        try:
            await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, sock=opened)
        except BaseException:
            opened.close()
            raise

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, address: Address) -> None:
        """Pass on what comes from the plain transport: any program on this host can send here."""
        if address[:2] != self.remote:
            self._dropped["unknown_source"] += 1
            return
        self._receive(data)

    def error_received(self, error: Exception) -> None:
        """Count an answer such as `port unreachable`: the plain transport is closed."""
        self._dropped["not_sent"] += 1

    def send(self, data: bytes) -> None:
        """Send to the plain transport, if it is known."""
        if self._transport is not None and self.remote is not None:
            self._transport.sendto(data, self.remote)

    def close(self) -> None:
        """Close the socket."""
        if self._transport is not None:
            self._transport.close()
