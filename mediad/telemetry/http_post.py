"""One POST to a webhook, which may be of the public internet or where an operator allows."""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence

from mediad.targets import Network
from mediad.telemetry.http_exchange import default_tls, endpoint, exchange
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

    `tls` is for https; None checks certificates against the system's authorities.
    """
    host, port, secure = endpoint(url)
    context = (tls or default_tls()) if secure else None
    streams = await connect(host, port, context, allowed, SETTING)
    return (await exchange(streams, "POST", url, headers, body, MAX_ANSWER_BYTES)).status
