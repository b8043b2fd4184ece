"""One GET of a document, from a server that the operator named."""

from __future__ import annotations

import asyncio

from mediad.telemetry.http_exchange import default_tls, endpoint, exchange


async def get(url: str, max_bytes: int) -> bytes:
    """Return the document at `url`, whose server must have a certificate of the system's authorities.

    Raises OSError when there is none, when it is longer than `max_bytes`, and for a redirect, which nobody
    has said where it may lead to. The caller bounds the time.
    """
    host, port, secure = endpoint(url)
    streams = await asyncio.open_connection(host, port, ssl=default_tls() if secure else None)
    answer = await exchange(streams, "GET", url, {"Accept": "application/json"}, None, max_bytes)
    if answer.status not in (0, 200):
        redirect = ", and redirects are not followed" if 300 <= answer.status < 400 else ""
        raise OSError(None, f"it answers with status {answer.status}{redirect}")
    if len(answer.body) > max_bytes:
        raise OSError(None, f"its document is larger than {max_bytes} bytes")
    if not answer.whole:
        raise OSError(None, "it closed the connection before its answer was complete")
    return answer.body
