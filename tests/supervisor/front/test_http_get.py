"""GET: one document, whole and small, from a server that is the one that was meant."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest

from mediad.supervisor.front.http_get import get
from mediad.telemetry.http_exchange import default_tls
from tests.support.certificates import write_certificate
from tests.support.document_server import document_server


def outcome(answer: bytes, max_bytes: int = 100) -> bytes | str:
    """The document that a client of this server gets, or the text of its error."""

    async def scenario() -> bytes | str:
        async with document_server() as server:
            server.answer = answer
            try:
                return await get(server.url, max_bytes)
            except OSError as error:
                return error.strerror or str(error)

    return asyncio.run(scenario())


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", b"{}"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", b"{}"),
        (b"HTTP/1.0 200 OK\r\n\r\n{}", b"{}"),
        (b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", "it answers with status 404"),
        (
            b"HTTP/1.1 302 There\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n",
            "it answers with status 302, and redirects are not followed",
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n" + b"x" * 101, "larger than 100 bytes"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 200_000, "larger than 100 bytes"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", "it does not speak HTTP"),
        (b"220 smtp.example ready\r\n\r\n", "it does not speak HTTP"),
        (b"", "closed the connection|does not speak HTTP"),
    ],
)
def test_answers(answer: bytes, expected: bytes | str) -> None:
    found = outcome(answer)
    if isinstance(expected, bytes):
        assert found == expected
    else:
        assert isinstance(found, str)
        assert any(part in found for part in expected.split("|"))


def test_what_is_asked() -> None:
    async def scenario() -> list[str]:
        async with document_server(b"{}") as server:
            await get(server.url, 100)
            return server.requests

    (head,) = asyncio.run(scenario())
    assert head.startswith("GET /jwks.json?app=1 HTTP/1.1\r\nHost: 127.0.0.1:")


def test_a_server_must_be_the_one_that_was_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate, key = write_certificate(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)

    async def scenario() -> bytes:
        async with document_server(b"{}", tls) as server:
            return await get(server.url, 100)

    with pytest.raises(ssl.SSLCertVerificationError):
        asyncio.run(scenario())
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    default_tls.cache_clear()
    try:
        assert asyncio.run(scenario()) == b"{}"
    finally:
        default_tls.cache_clear()
