"""Connections taken in: those who have a place, those who have none, and TLS that never gets anywhere."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from mediad.signaling.server.proxies import PROXY_PROTOCOL, Proxies
from mediad.supervisor.front import acceptor
from mediad.supervisor.front.acceptor import Acceptor
from mediad.supervisor.front.admissions import Admissions
from tests.support.certificates import write_certificate
from tests.support.loops import on_loop, until


class Greeter(asyncio.Protocol):
    """Says hello, and goes when it is told anything."""

    def __init__(self) -> None:
        self.connection: SimpleNamespace = SimpleNamespace(
            on_lost=lambda: None, lost=lambda: self.connection.on_lost()
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.WriteTransport, transport)
        self.transport.write(b"hello")

    def data_received(self, data: bytes) -> None:
        self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.connection.lost()


def listen() -> tuple[socket.socket, int]:
    listener = socket.create_server(("127.0.0.1", 0))
    return listener, listener.getsockname()[1]


@on_loop
async def test_who_has_no_place_is_told_so_at_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    listener, port = listen()
    admissions = Admissions(limit=100, per_address=2)
    accepting = Acceptor(listener, Greeter, admissions)
    guests = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
    for reader, _ in guests:
        assert await reader.readexactly(5) == b"hello"
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    assert (await reader.read()).startswith(b"HTTP/1.1 429 ")
    writer.close()
    assert not caplog.messages  # whoever counts refusals tells of them
    assert admissions.budgets.refused == {"address_connections": 1}
    guests[0][1].write(b"bye")
    await until(lambda: admissions.count == 1)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    assert await reader.readexactly(5) == b"hello"
    for each in (writer, guests[1][1]):
        each.close()
    await until(lambda: admissions.count == 0)
    accepting.close()
    listener.close()


@on_loop
async def test_a_tls_handshake_that_never_ends_gives_its_place_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(acceptor, "HANDSHAKE_TIMEOUT_S", 0.1)
    certificate, key = write_certificate(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    listener, port = listen()
    admissions = Admissions(limit=100, per_address=10)
    accepting = Acceptor(listener, Greeter, admissions, tls)
    for first in (b"", b"\x16\x03\x01", b"GET / HTTP/1.1\r\n\r\n"):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(first)
        await until(lambda: admissions.count == 1 or "no connection" in caplog.text)
        await asyncio.wait_for(reader.read(), 10)
        writer.close()
        await until(lambda: admissions.count == 0)
    assert [record.levelname for record in caplog.records] == ["INFO"] * 3
    assert all(
        message.startswith("client 127.0.0.1: no connection was made: ") for message in caplog.messages
    )
    accepting.close()
    listener.close()


@on_loop
async def test_a_proxy_tells_the_client_before_anything_else() -> None:
    listener, port = listen()
    proxies = Proxies(["127.0.0.0/8"], PROXY_PROTOCOL)
    admissions = Admissions(limit=100, per_address=1, proxies=proxies)
    greeters: list[Greeter] = []

    def make() -> Greeter:
        greeters.append(Greeter())
        return greeters[-1]

    accepting = Acceptor(listener, make, admissions)
    header = b"PROXY TCP4 203.0.113.7 192.0.2.1 4711 443\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(header)
    assert await reader.readexactly(5) == b"hello"
    assert greeters[0].connection.told_client == ("203.0.113.7", 0)
    assert admissions.of_address.of("203.0.113.7") == 1
    for first, answer in ((header, b"HTTP/1.1 429 "), (b"GET / HTTP/1.1\r\n\r\n", b"")):
        refused, other = await asyncio.open_connection("127.0.0.1", port)
        other.write(first)
        with contextlib.suppress(ConnectionError):
            assert (await refused.read()).startswith(answer)
        other.close()
    check, checking = await asyncio.open_connection("127.0.0.1", port)
    checking.write(b"PROXY UNKNOWN\r\n")
    assert await check.readexactly(5) == b"hello"
    for each in (writer, checking):
        each.close()
    await until(lambda: admissions.count == 0)
    assert admissions.of_address.count == 0
    accepting.close()
    listener.close()


@on_loop
async def test_without_a_descriptor_left_it_goes_on_when_there_are_some(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(acceptor, "_RETRY_S", 0.01)
    listener, port = listen()
    failures = [OSError(24, "Too many open files")] * 3

    class Scarce:
        def accept(self) -> tuple[socket.socket, object]:
            if failures:
                raise failures.pop()
            return listener.accept()

        def fileno(self) -> int:
            return listener.fileno()

        def setblocking(self, flag: bool) -> None:
            listener.setblocking(flag)

    accepting = Acceptor(Scarce(), Greeter, Admissions(100, 100))  # type: ignore[arg-type]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    assert await asyncio.wait_for(reader.readexactly(5), 10) == b"hello"
    writer.close()
    accepting.close()
    listener.close()
