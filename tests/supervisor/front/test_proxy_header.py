"""The PROXY header on a real socket: read to its last byte and no further, within a time."""

from __future__ import annotations

import asyncio
import socket

import pytest

from mediad.signaling.server.proxies import V2_SIGNATURE, Malformed
from mediad.supervisor.front import proxy_header
from tests.support.loops import on_loop

V1 = b"PROXY TCP4 203.0.113.7 192.0.2.1 4711 443\r\n"
V2 = V2_SIGNATURE + b"\x21\x11\0\x0c" + bytes([203, 0, 113, 7, 192, 0, 2, 1, 0x12, 0x67, 1, 187])


@pytest.mark.parametrize("header", [V1, V2, b"PROXY UNKNOWN\r\n"])
@pytest.mark.parametrize("size_bytes", [1, 7, 200])
@on_loop
async def test_a_header_is_read_and_nothing_after_it(header: bytes, size_bytes: int) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        reading = asyncio.ensure_future(proxy_header.read_client(ours))
        data = header + b"GET / HTTP/1.1\r\n"
        for at in range(0, len(data), size_bytes):
            theirs.send(data[at : at + size_bytes])
            await asyncio.sleep(0)
        assert await reading == (None if b"UNKNOWN" in header else "203.0.113.7")
        assert ours.recv(100) == b"GET / HTTP/1.1\r\n"


@pytest.mark.parametrize("first", [b"GET / HTTP/1.1\r\n\r\n", b"PROXY TCP4 " + b"1" * 200, b"PROXY"])
@on_loop
async def test_what_is_no_header_is_refused(first: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        theirs.send(first)
        theirs.shutdown(socket.SHUT_WR)
        with pytest.raises(Malformed):
            await proxy_header.read_client(ours)


@on_loop
async def test_a_header_that_does_not_end_has_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxy_header, "TIMEOUT_S", 0.05)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        theirs.send(b"PROXY TCP4 203")
        with pytest.raises(TimeoutError):
            await proxy_header.read_client(ours)
