"""JwksFetcher: fetches a JWKS document in the background, when its cache says so."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from mediad.supervisor.front.http_get import get
from mediad.tokens.jwks import MAX_BYTES
from mediad.tokens.jwks_cache import JwksCache
from mediad.words import plural

FETCH_TIMEOUT_S = 10.0
"""The time that a fetch may take, from the look-up of the name to the last byte."""

WAIT_S = 2.0
"""The longest that a client waits for a fetch before its token is judged by the keys that are here."""

MAX_WAITING = 256
"""The most clients that wait; further ones are judged at once."""

logger = logging.getLogger(__name__)

Get = Callable[[str, int], Awaitable[bytes]]


class JwksFetcher:
    """The keys of one URL, and the task that keeps them fresh."""

    def __init__(
        self,
        url: str,
        on_change: Callable[[], None],
        get: Get = get,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare, without fetching yet; `on_change` is called when other keys have come.

        `get` returns the document at a URL, of at most so many bytes, and raises OSError when there is none.
        """
        self.url = url
        self.cache = JwksCache("jwt_jwks")
        self._on_change = on_change
        self._get = get
        self._clock = clock
        self._wake = asyncio.Event()
        self._round = asyncio.Event()
        self._waiting = 0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to fetch, now and whenever it is due."""
        self._task = asyncio.create_task(self._run())

    def stop(self) -> None:
        """End it; the keys stay."""
        if self._task is not None:
            self._task.cancel()

    def refresh(self) -> None:
        """Fetch now, because an operator asks for it."""
        self.cache.refresh(self._clock())
        self._wake.set()

    def state(self) -> dict[str, Any]:
        """Return what operators are shown: whence, how long ago, and what is wrong."""
        cache = self.cache
        age_s = None if cache.fetched_s is None else round(self._clock() - cache.fetched_s, 1)
        host = urlsplit(self.url).netloc
        return {"host": host, "ageS": age_s, "trouble": cache.trouble, "leftOut": list(cache.left_out)}

    async def ready_for(self, kid: str | None) -> None:
        """Wait for the fetch that may bring the key of this name, or any key, if there is one to wait for.

        A key that is not known is asked for, but not more often than JwksCache allows.
        """
        if self.cache.knows(kid) or not self.cache.ask(self._clock()):
            return
        self._wake.set()
        if self._waiting >= MAX_WAITING:
            return
        self._waiting += 1
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(WAIT_S):
                    await self._round.wait()
        finally:
            self._waiting -= 1

    async def fetch(self) -> None:
        """Fetch once. The cache knows what came of it."""
        before = self.cache.trouble
        self.cache.begin(self._clock())
        try:
            async with asyncio.timeout(FETCH_TIMEOUT_S):
                data = await self._get(self.url, MAX_BYTES)
        except TimeoutError:
            self.cache.failed(f"no answer within {FETCH_TIMEOUT_S:g} s", self._clock())
        except OSError as error:
            self.cache.failed(error.strerror or str(error), self._clock())
        except asyncio.CancelledError:
            self.cache.failed("the fetch was cancelled", self._clock())
            raise
        else:
            if self.cache.fetched(data, self._clock()):
                self._tell_keys()
                self._on_change()
        finally:
            self._round.set()
            self._round = asyncio.Event()
        self._tell(before)

    async def _run(self) -> None:
        while True:
            left_s = self.cache.due_s - self._clock()
            if left_s > 0:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(left_s):
                        await self._wake.wait()
                self._wake.clear()
                continue
            await self.fetch()

    def _tell(self, before: str) -> None:
        trouble = self.cache.trouble
        host = urlsplit(self.url).netloc
        if trouble and trouble != before:
            stay = f"the {plural(len(self.cache.keys), 'key')} fetched before stay in force"
            logger.warning(
                "jwt_jwks: the keys of tokens could not be fetched from %s: %s; %s, and it is tried again",
                host,
                trouble,
                stay if self.cache.keys else "until they are, no token of theirs is valid",
            )
        elif before and not trouble:
            logger.info("jwt_jwks: %s answers again", host)

    def _tell_keys(self) -> None:
        keys = ", ".join(f"{key.kid or 'without kid'} ({key.algorithm})" for key in self.cache.keys)
        logger.info("jwt_jwks: keys of tokens: %s", ascii(keys)[1:-1])
        for reason in self.cache.left_out:
            logger.warning("jwt_jwks: a key is not used: %s", ascii(reason)[1:-1])
