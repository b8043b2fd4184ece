"""One request over HTTP/1.1 and its answer, with h11 for the protocol and asyncio for the sockets."""

from __future__ import annotations

import asyncio
import base64
import functools
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

import h11

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of a server."""

    status: int
    """The HTTP status; 0 when the server closed the connection before it gave one."""
    body: bytes
    whole: bool
    """False when the server closed the connection before the end, or the body was too long to be read on."""


def endpoint(url: str) -> tuple[str, int, bool]:
    """Return host and port of a URL, and whether it is to be asked over TLS."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    return parts.hostname or "", parts.port or (443 if secure else 80), secure


async def exchange(
    streams: Streams,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | None,
    max_bytes: int,
) -> Answer:
    """Ask over an open connection, close it, and return the answer, with its body up to about `max_bytes`.

    A redirect is an answer as any other. A user name and a password in `url` are sent as basic authentication
    (RFC 7617). Raises OSError for a server that does not speak HTTP; the caller bounds the time.
    """
    reader, writer = streams
    parts = urlsplit(url)
    length = [] if body is None else [("Content-Length", str(len(body)))]
    host = [("Host", parts.netloc.rpartition("@")[2]), ("Connection", "close")]
    connection = h11.Connection(h11.CLIENT)
    try:
        request = h11.Request(
            method=method,
            target=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
            headers=[*host, *length, *_authorization(parts), *headers.items()],
        )
        for event in (request, h11.Data(data=body or b""), h11.EndOfMessage()):
            writer.write(connection.send(event) or b"")
        await writer.drain()
        return await _answer(connection, reader, max_bytes)
    except (h11.RemoteProtocolError, h11.LocalProtocolError) as error:
        raise OSError(None, f"it does not speak HTTP: {error}") from None
    finally:
        writer.close()


def _authorization(parts: SplitResult) -> list[tuple[str, str]]:
    if parts.username is None and parts.password is None:
        return []
    pair = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
    return [("Authorization", "Basic " + base64.b64encode(pair.encode()).decode())]


@functools.cache
def default_tls() -> ssl.SSLContext:
    """Return a context with the system's authorities; read once, because that takes tens of milliseconds."""
    return ssl.create_default_context()


async def _answer(connection: h11.Connection, reader: asyncio.StreamReader, max_bytes: int) -> Answer:
    """Read to the end if it is near, so that the server sees an orderly close."""
    status, body = 0, bytearray()
    while len(body) <= max_bytes:
        match connection.next_event():
            case h11.NEED_DATA:
                connection.receive_data(await reader.read(16_384))
            case h11.Response(status_code=status):
                pass
            case h11.Data(data=data):
                body += data
            case h11.EndOfMessage():
                return Answer(status, bytes(body), True)
            case h11.ConnectionClosed():
                break
    return Answer(status, bytes(body), False)
