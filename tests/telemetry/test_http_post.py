"""One POST, to a server that behaves, and to some that do not."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import pytest

from mediad.telemetry.http_post import post
from tests.support.certificates import write_certificate
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
async def test_a_password_in_the_url_is_sent_as_basic_authentication() -> None:
    async with webhook_sink() as sink:
        assert await post(sink.url.replace("//", "//ana:p%40ss@"), b"x", {}) == 200
        request, headers, _ = sink.posts[0]
        assert (request, headers["host"]) == ("POST /hook?key=1 HTTP/1.1", f"127.0.0.1:{sink.port}")
        assert headers["authorization"] == "Basic YW5hOnBAc3M="


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


@on_loop
async def test_https_is_for_those_who_are_who_they_say(tmp_path: Path) -> None:
    certificate, key = write_certificate(tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    trusting = ssl.create_default_context(cafile=certificate)
    trusting.check_hostname = False
    async with webhook_sink(tls=server) as sink:
        assert await post(sink.url, b"x", {}, tls=trusting) == 200
        with pytest.raises(OSError, match="certificate verify failed"):
            await post(sink.url, b"x", {})
        assert len(sink.posts) == 1
