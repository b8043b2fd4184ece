"""One POST, to a server that behaves, and to some that do not."""

from __future__ import annotations

import socket

import pytest

from mediad.telemetry.http_post import post
from tests.support.loops import on_loop
from tests.support.webhook_sink import webhook_sink


@on_loop
async def test_what_arrives() -> None:
    async with webhook_sink() as sink:
        assert await post(sink.url, b'{"events": []}', {"X-Test": "yes"}) == 200
        request, headers, body = sink.posts[0]
        assert request == "POST /hook?key=1 HTTP/1.1"
        assert headers["host"] == f"127.0.0.1:{sink.port}"
        assert (headers["x-test"], body) == ("yes", b'{"events": []}')


@on_loop
async def test_every_status_is_an_answer() -> None:
    async with webhook_sink() as sink:
        for status in (204, 404, 500):
            sink.status = status
            assert await post(sink.url, b"x", {}) == status


@on_loop
async def test_whoever_is_not_there_or_speaks_otherwise() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(OSError, match="refused"):
            await post(f"http://127.0.0.1:{unused.getsockname()[1]}/", b"", {})
    async with webhook_sink() as sink:
        sink.garbage = True
        with pytest.raises(OSError, match="does not speak HTTP"):
            await post(sink.url, b"x", {})
