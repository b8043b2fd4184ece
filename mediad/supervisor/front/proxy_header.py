"""The header of the PROXY protocol, read from a socket before anything else, TLS too."""

from __future__ import annotations

import asyncio
import socket

from mediad.signaling.server import proxies

TIMEOUT_S = 5.0
"""The time for the header; the proxy sends it at once."""

_FIRST_BYTES = len(proxies.V2_SIGNATURE)


async def read_client(sock: socket.socket) -> str | None:
    """Return the client's address that a proxy tells; None where it tells none, as for its health checks.

    No byte after the header is read. Raises Malformed, TimeoutError or OSError.
    """
    async with asyncio.timeout(TIMEOUT_S):
        start = await _read(sock, _FIRST_BYTES)
        if start == proxies.V2_SIGNATURE:
            head = start + await _read(sock, proxies.V2_HEAD_BYTES - _FIRST_BYTES)
            return proxies.read_v2(head, await _read(sock, proxies.v2_rest_bytes(head)))
        if not start.startswith(b"PROXY "):
            raise proxies.Malformed("a connection of a proxy that does not begin with a PROXY header")
        while not start.endswith(b"\n") and len(start) < proxies.V1_MOST_BYTES:
            start += await _read(sock, 1)
        return proxies.read_v1(start)


async def _read(sock: socket.socket, size_bytes: int) -> bytes:
    data = b""
    while len(data) < size_bytes:
        more = await asyncio.get_running_loop().sock_recv(sock, size_bytes - len(data))
        if not more:
            raise proxies.Malformed("the connection ended within its PROXY header")
        data += more
    return data
