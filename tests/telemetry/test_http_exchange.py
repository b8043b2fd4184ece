"""One request and its answer: what is sent for a URL, and how much of an answer is read."""

from __future__ import annotations

import asyncio

import pytest

from mediad.telemetry.http_exchange import Answer, endpoint, exchange
from tests.support.document_server import DocumentServer, document_server
from tests.support.loops import on_loop


async def ask(server: DocumentServer, url: str = "", max_bytes: int = 100) -> Answer:
    streams = await asyncio.open_connection("127.0.0.1", server.port)
    return await exchange(streams, "GET", url or server.url, {}, None, max_bytes)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://keys.example/a", ("keys.example", 443, True)),
        ("http://[::1]/", ("::1", 80, False)),
        ("http://ana:x@127.0.0.1:81", ("127.0.0.1", 81, False)),
    ],
)
def test_whom_a_url_names(url: str, expected: tuple[str, int, bool]) -> None:
    assert endpoint(url) == expected


@on_loop
async def test_a_password_in_the_url_is_in_no_other_header() -> None:
    async with document_server(b"{}") as server:
        await ask(server, server.url.replace("//", "//ana:p%40ss@"))
        (head,) = server.requests
    assert f"Host: 127.0.0.1:{server.port}\r\n" in head
    assert "Authorization: Basic YW5hOnBAc3M=\r\n" in head
    assert "Content-Length" not in head


@on_loop
async def test_a_body_is_whole_or_said_not_to_be() -> None:
    async with document_server(b"x" * 100) as server:
        assert await ask(server) == Answer(200, b"x" * 100, True)
        answer = await ask(server, max_bytes=99)
        assert (len(answer.body), answer.whole) == (100, False)
        server.answer = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1_000_000
        answer = await ask(server)
        assert (answer.whole, len(answer.body) < 20_000) == (False, True)
