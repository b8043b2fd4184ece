"""One GET over HTTP/1.1, with h11 for the protocol and asyncio for the sockets."""

from __future__ import annotations

import asyncio
import functools
import ssl
from urllib.parse import urlsplit

import h11


async def get(url: str, max_bytes: int) -> bytes:
    """Return the document at `url`, whose server must have a certificate of the system's authorities.

    Raises OSError when there is none, when it is longer than `max_bytes`, and for a redirect, which nobody
    has said where it may lead to. The caller bounds the time.
    """
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    context = _default_tls() if secure else None
    reader, writer = await asyncio.open_connection(
        parts.hostname, parts.port or (443 if secure else 80), ssl=context
    )
    try:
        connection = h11.Connection(h11.CLIENT)
        request = h11.Request(
            method="GET",
            target=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
            headers=[("Host", parts.netloc), ("Accept", "application/json"), ("Connection", "close")],
        )
        writer.write((connection.send(request) or b"") + (connection.send(h11.EndOfMessage()) or b""))
        await writer.drain()
        return await _answer(connection, reader, max_bytes)
    except (h11.RemoteProtocolError, h11.LocalProtocolError) as error:
        raise OSError(None, f"it does not speak HTTP: {error}") from None
    finally:
        writer.close()


async def _answer(connection: h11.Connection, reader: asyncio.StreamReader, max_bytes: int) -> bytes:
    body = bytearray()
    while True:
        match connection.next_event():
            case h11.NEED_DATA:
                connection.receive_data(await reader.read(16_384))
            case h11.Response(status_code=status):
                if status != 200:
                    redirect = ", and redirects are not followed" if 300 <= status < 400 else ""
                    raise OSError(None, f"it answers with status {status}{redirect}")
            case h11.Data(data=data):
                body += data
                if len(body) > max_bytes:
                    raise OSError(None, f"its document is larger than {max_bytes} bytes")
            case h11.EndOfMessage():
                return bytes(body)
            case h11.ConnectionClosed():
                raise OSError(None, "it closed the connection before its answer was complete")


@functools.cache
def _default_tls() -> ssl.SSLContext:
    """Return a context with the system's authorities; read once, because that takes tens of milliseconds."""
    return ssl.create_default_context()
