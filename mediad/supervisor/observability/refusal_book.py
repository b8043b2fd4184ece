"""RefusalBook: turns refusals into a counter, and a few events and log lines that say how many there were."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from mediad.budgets.catalogue import LIMITS
from mediad.budgets.news import TOLD_S, RefusalNews
from mediad.budgets.refusal import Refusal
from mediad.telemetry.feed import Feed
from mediad.telemetry.instruments import Instruments

logger = logging.getLogger(__name__)


class RefusalBook:
    """Told of every refusal; it costs little, for there may be thousands a second."""

    def __init__(
        self, feed: Feed, instruments: Instruments, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._feed = feed
        self._count = {name: instruments.refusals.labels(name) for name in LIMITS}
        self._now_s = now_s
        self._news = RefusalNews()
        self._timer: asyncio.TimerHandle | None = None

    def refused(self, refusal: Refusal) -> None:
        """Count a refusal, and tell of it unless the same was told a moment ago."""
        self._count[refusal.limit].inc()
        if self._news.note(refusal, self._now_s()):
            self._tell(refusal, refusal.holder, 1)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(TOLD_S, self._tell_rest)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tell_rest(self) -> None:
        """Tell what has gathered since it was told last."""
        for refusal, holder, count in self._news.due(self._now_s()):
            self._tell(refusal, holder, count)
        self._timer = None
        if self._news.waiting:
            self._timer = asyncio.get_running_loop().call_later(TOLD_S / 4, self._tell_rest)

    def _tell(self, refusal: Refusal, holder: str, count: int) -> None:
        setting = LIMITS[refusal.limit].setting
        self._feed.publish(
            "limit.reached",
            limit=refusal.limit,
            holder=holder or None,
            count=count,
            current=round(refusal.current),
            maximum=round(refusal.maximum),
            setting=setting,
        )
        logger.warning(
            "the limit %s is reached%s, %.0f of %.0f: %d refused%s",
            refusal.limit,
            f" by {holder}" if holder else "",
            refusal.current,
            refusal.maximum,
            count,
            f" (see {setting})" if setting else "",
        )
