"""The socket: one address may send, and gets what is sent."""

from __future__ import annotations

import socket
from collections import Counter

from mediad.recorder.socket import RtpSocket
from tests.support.loops import on_loop, until


@on_loop
async def test_only_the_plain_transport_is_heard() -> None:
    heard: list[bytes] = []
    dropped: Counter[str] = Counter()
    it = RtpSocket(heard.append, dropped)
    await it.open()
    it.send(b"nobody is there")
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as transport,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger,
    ):
        transport.bind(("127.0.0.1", 0))
        transport.settimeout(5)
        transport.sendto(b"early", ("127.0.0.1", it.port))
        await until(lambda: dropped["unknown_source"] == 1)
        it.remote = transport.getsockname()
        stranger.sendto(b"stranger", ("127.0.0.1", it.port))
        transport.sendto(b"rtp", ("127.0.0.1", it.port))
        await until(lambda: heard == [b"rtp"] and dropped["unknown_source"] == 2)
        it.send(b"rtcp")
        assert transport.recv(100) == b"rtcp"
    it.close()


@on_loop
async def test_a_transport_that_is_closed_ends_nothing() -> None:
    heard: list[bytes] = []
    it = RtpSocket(heard.append, Counter())
    await it.open()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as transport:
        transport.bind(("127.0.0.1", 0))
        it.remote = transport.getsockname()
    for _ in range(3):
        it.send(b"rtcp")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as transport:
        transport.bind(it.remote)
        transport.sendto(b"rtp", ("127.0.0.1", it.port))
        await until(lambda: heard == [b"rtp"])
    it.close()
