"""One POST over HTTP/1.1, with h11 for the protocol and asyncio for the sockets."""

from __future__ import annotations

import asyncio
import base64
import functools
import ssl
from collections.abc import Mapping, Sequence
from urllib.parse import SplitResult, unquote, urlsplit

import h11

from mediad.targets import Network
from mediad.telemetry.outgoing import connect

SETTING = "webhook_allow"

MAX_ANSWER_BYTES = 64 * 1024
"""The most bytes of an answer's body, which is not used."""


async def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    tls: ssl.SSLContext | None = None,
    allowed: Sequence[Network] = (),
) -> int:
    """The status of the answer. Raises OSError when there is none; the caller bounds the time.

    Networks that are not of the public internet are posted to where they are in `allowed` (webhook_allow),
    see `outgoing.connect`. Redirects are not followed: they are an answer as any other.

    `tls` is for https; None checks certificates against the system's authorities. A user name and a password
    in `url` are sent as basic authentication (RFC 7617).
    """
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    host = parts.hostname or ""
    port = parts.port or (443 if secure else 80)
    context = (tls or _default_tls()) if secure else None
    reader, writer = await connect(host, port, context, allowed, SETTING)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection = h11.Connection(h11.CLIENT)
        request = h11.Request(
            method="POST",
            target=target,
            headers=[
                ("Host", parts.netloc.rpartition("@")[2]),
                ("Content-Length", str(len(body))),
                ("Connection", "close"),
                *_authorization(parts),
                *headers.items(),
            ],
        )
        for event in (request, h11.Data(data=body), h11.EndOfMessage()):
            writer.write(connection.send(event) or b"")
        await writer.drain()
        return await _status(connection, reader)
    except h11.RemoteProtocolError as error:
        raise OSError(None, f"it does not speak HTTP: {error}") from None
    finally:
        writer.close()


def _authorization(parts: SplitResult) -> list[tuple[str, str]]:
    if parts.username is None and parts.password is None:
        return []
    pair = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
    return [("Authorization", "Basic " + base64.b64encode(pair.encode()).decode())]


@functools.cache
def _default_tls() -> ssl.SSLContext:
    """The system's authorities; read once, because that takes tens of milliseconds."""
    return ssl.create_default_context()


async def _status(connection: h11.Connection, reader: asyncio.StreamReader) -> int:
    """The status of the answer, which is read to its end, so that the receiver sees an orderly close."""
    status, size = 0, 0
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(16_384))
        elif isinstance(event, h11.Response):
            status = event.status_code
        elif isinstance(event, h11.Data):
            size += len(event.data)
        if isinstance(event, h11.EndOfMessage | h11.ConnectionClosed) or size > MAX_ANSWER_BYTES:
            return status
