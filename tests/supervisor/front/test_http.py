"""The front: claimed ports, a guest's uvicorn, and its end."""

from __future__ import annotations

import asyncio
import signal
import socket
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from mediad.errors import ConfigError, PortError
from mediad.signaling.server.options import uvicorn_options
from mediad.supervisor.front.admissions import Admissions
from mediad.supervisor.front.http import Front, front_url, open_front, room_url
from tests.support.loops import on_loop, raises


def serve(sockets: list[socket.socket]) -> Front:
    app = Starlette(routes=[Route("/", hello)])
    return Front(app, sockets, uvicorn_options(), Admissions(100, 100))


async def hello(request: Request) -> PlainTextResponse:
    return PlainTextResponse("hello")


async def get(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    answer = await reader.read()
    writer.close()
    return answer


@on_loop
async def test_it_serves_and_stops_and_leaves_signals_alone() -> None:
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    front = serve(await open_front("127.0.0.1", 0))
    await front.start()
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers
    port = front.port
    assert (await get(port)).endswith(b"hello")
    ending = asyncio.create_task(front.wait_end())
    await front.stop()
    await ending
    await raises(ConnectionRefusedError, get(port))


@on_loop
async def test_who_connects_early_waits_for_the_start() -> None:
    sockets = await open_front("127.0.0.1", 0)
    early = asyncio.create_task(get(sockets[0].getsockname()[1]))
    await asyncio.sleep(0.05)
    front = serve(sockets)
    await front.start()
    assert (await early).endswith(b"hello")
    await front.stop()


@on_loop
async def test_a_taken_port_is_named() -> None:
    sockets = await open_front("127.0.0.1", 0)
    port = sockets[0].getsockname()[1]
    reason = await raises(PortError, open_front("127.0.0.1", port))
    assert reason.startswith(f"TCP port {port} on 127.0.0.1 is already in use by ")
    sockets[0].close()


@on_loop
async def test_a_host_of_another_machine_is_a_wrong_setting() -> None:
    reason = await raises(ConfigError, open_front("192.0.2.1", 0))
    assert reason == "host: got '192.0.2.1', expected an address of this machine"
    reason = await raises(ConfigError, open_front("no-such-host.invalid", 0))
    assert reason.startswith("host: got 'no-such-host.invalid', expected an address or name of this machine")


@on_loop
async def test_every_address_of_a_name_shares_the_port(monkeypatch: pytest.MonkeyPatch) -> None:
    async def two(*args: object, **kwargs: object) -> list[Any]:
        return [(0, 0, 0, "", (address, 0)) for address in ("127.0.0.1", "127.0.0.2", "127.0.0.1")]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", two)
    sockets = await open_front("two.example", 0)
    names = [sock.getsockname() for sock in sockets]
    assert [name[0] for name in names] == ["127.0.0.1", "127.0.0.2"]
    assert names[0][1] == names[1][1]
    for sock in sockets:
        sock.close()


def test_urls() -> None:
    assert room_url("http://127.0.0.1:3000/") == "http://127.0.0.1:3000/?roomId=hello"
    assert front_url("127.0.0.1", 3000) == "http://127.0.0.1:3000/"
    assert front_url("0.0.0.0", 3000) == "http://localhost:3000/"
    assert front_url("::", 80) == "http://localhost:80/"
    assert front_url("::1", 80) == "http://[::1]:80/"
    assert front_url("sfu.example", 443, tls=True) == "https://sfu.example:443/"
    assert front_url("sfu.example", 80) == "http://sfu.example:80/"
