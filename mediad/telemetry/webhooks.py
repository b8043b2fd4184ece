"""Webhooks: the feed, posted to a URL, signed, in order, each event at least once.

One POST is under way at a time, with as many events as have gathered: so they stay in order without numbers,
and a burst of joins costs a few requests. What is not answered with 2xx is sent again, with growing pauses,
until it is: a receiver that was away for an hour misses nothing.

    POST {"events": [{"seq", "id", "time", "type", …}, …], "lost": 0}
    Mediad-Signature: t=1741521600,v1=<hex HMAC-SHA256 of "1741521600." and the body>
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import logging
import random
import ssl
import time
from collections.abc import Callable

from mediad import __version__
from mediad.targets import Network
from mediad.telemetry.feed import Event
from mediad.telemetry.http_post import post
from mediad.telemetry.outbox import Outbox
from mediad.words import plural

BATCH = 100
POST_TIMEOUT_S = 10.0
FIRST_DELAY_S, LONGEST_DELAY_S = 0.5, 30.0
FLUSH_TIMEOUT_S = 2.0
"""The time for delivery of the last events when the daemon stops; the rest stays in the file."""

logger = logging.getLogger(__name__)


def signature(secret: bytes, timestamp_s: int, body: bytes) -> str:
    """The value of the header. The time is signed as well, so that a receiver can refuse old posts."""
    mac = hmac.new(secret, f"{timestamp_s}.".encode() + body, hashlib.sha256)
    return f"t={timestamp_s},v1={mac.hexdigest()}"


def retry_delay_s(failures: int, jitter: float) -> float:
    """The pause after `failures` in a row (1 …): 0.5 s, 1 s … 30 s, less up to half by `jitter` (0..1)."""
    delay_s = min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** min(failures - 1, 10))
    return delay_s * (1 - jitter / 2)


class Webhooks:
    """Delivers what is put in while there is a URL; `configure` may be called at any time."""

    def __init__(self, outbox: Outbox, count: Callable[[str], None] = lambda result: None) -> None:
        """Prepare.

        `count` is called with the result of each POST: "ok", "refused" (not 2xx), "failed" (no answer).
        """
        self._outbox = outbox
        self._count = count
        self._url: str | None = None
        self._secret: bytes | None = None
        self._tls: ssl.SSLContext | None = None
        self._allowed: tuple[Network, ...] = ()
        self._lost_told = 0
        self._changed = asyncio.Event()
        self._idle = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def configure(
        self,
        url: str | None,
        secret: bytes | None,
        tls: ssl.SSLContext | None = None,
        allowed: tuple[Network, ...] = (),
    ) -> bool:
        """Set the URL; without a `secret` posts are not signed; `allowed` is webhook_allow.

        Events that wait are sent to the new URL, at once.

        Returns True when something changed.
        """
        if (url, secret, allowed) == (self._url, self._secret, self._allowed):
            return False
        self._url, self._secret, self._tls, self._allowed = url, secret, tls, allowed
        self._changed.set()
        return True

    def put(self, event: Event) -> None:
        """Queue an event for delivery; without a URL it is dropped."""
        if self._url is not None:
            self._outbox.put(event)
            self._idle.clear()
            self._changed.set()

    async def start(self) -> None:
        self._changed.set()
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop. Deliver what takes only a moment; the rest stays in the outbox."""
        if self._task is not None and self._url is not None and self._outbox:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FLUSH_TIMEOUT_S):
                    await self._idle.wait()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._outbox:
            logger.warning(
                "%s not delivered by webhook before the stop: lost, unless there is a webhook_outbox file",
                plural(len(self._outbox), "event"),
            )
        self._outbox.close()

    async def _run(self) -> None:
        failures = 0
        while True:
            await self._changed.wait()
            self._changed.clear()
            while self._url is not None and self._outbox:
                problem = await self._deliver(self._url)
                if problem is None:
                    if failures:
                        logger.info("webhooks are delivered again, after %s", plural(failures, "attempt"))
                    failures = 0
                    continue
                failures += 1
                delay_s = retry_delay_s(failures, random.random())
                if failures in (1, 10) or failures % 100 == 0:
                    logger.warning(
                        "webhooks are not delivered (%s, %s waiting), and are tried again: %s",
                        *(plural(failures, "attempt"), plural(len(self._outbox), "event"), problem),
                    )
                await self._pause(delay_s, self._url)
            if not self._outbox:
                self._idle.set()

    async def _pause(self, delay_s: float, url: str) -> None:
        """Wait for the time, or until another URL is configured."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(delay_s):
                while self._url == url:
                    self._changed.clear()
                    await self._changed.wait()

    async def _deliver(self, url: str) -> str | None:
        """Send one batch. None when it has arrived, else the problem."""
        events, mark = self._outbox.peek(BATCH)
        lost = self._outbox.lost
        body = b'{"events": [%b], "lost": %d}' % (b", ".join(events), lost - self._lost_told)
        headers = {"Content-Type": "application/json", "User-Agent": f"mediad/{__version__}"}
        if self._secret is not None:
            headers["Mediad-Signature"] = signature(self._secret, int(time.time()), body)
        try:
            async with asyncio.timeout(POST_TIMEOUT_S):
                status = await post(url, body, headers, tls=self._tls, allowed=self._allowed)
        except TimeoutError:
            self._count("failed")
            return f"no answer within {POST_TIMEOUT_S:g} s"
        except Exception as error:  # whatever the URL or the receiver causes, the next attempt must follow
            self._count("failed")
            return getattr(error, "strerror", None) or str(error) or type(error).__name__
        if not 200 <= status < 300:
            self._count("refused")
            return f"answered with {status}"
        self._count("ok")
        self._outbox.taken(mark)
        self._lost_told = lost
        return None
