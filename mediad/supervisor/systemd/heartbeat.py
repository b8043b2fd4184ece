"""Regular messages to systemd: the status line, the watchdog, and more time while a stop takes long."""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol

from mediad.config.live import LiveSettings
from mediad.errors import ConfigError
from mediad.supervisor.systemd.service_manager import ServiceManager

INTERVAL_S = 5.0
"""The greatest age of the status line."""

STOP_PATIENCE_S = 4 * INTERVAL_S
"""The time that each message of a stop asks for; when the messages end, systemd kills the daemon."""

logger = logging.getLogger(__name__)


class Workers(Protocol):
    """The part of the pool that is used here."""

    async def all_answer(self, timeout_s: float) -> bool:
        """True when every worker that counts as ready answers now."""
        ...


class Overview(Protocol):
    """The part of the status that is used here."""

    def summary(self) -> str:
        """Rooms, peers and workers in one line."""
        ...


class Heartbeat:
    """Tells systemd, as long as the event loop turns, that the daemon works.

    The watchdog is fed only after every ready worker has answered. The pool finds and replaces a worker that
    hangs long before systemd's watchdog expires; the watchdog expires when the pool or the loop itself has
    stopped working. Workers known to be dead do not count: the daemon waits to restart them, and that is
    working. A front without free descriptors does not count either: a restart would end the calls that go on,
    and help no client.
    """

    def __init__(
        self, manager: ServiceManager, workers: Workers, overview: Overview, live: LiveSettings
    ) -> None:
        self._manager = manager
        self._workers = workers
        self._overview = overview
        self._live = live
        self._interval_s = min(INTERVAL_S, (manager.watchdog_s or INTERVAL_S * 3) / 3)
        self._stopping = False
        self._beating: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Tell systemd that everything is ready, and go on telling that the daemon works."""
        self._manager.ready(self._line())
        if self._manager.listens:
            self._beating = asyncio.create_task(self._beat_on())

    def stopping(self) -> None:
        """Tell systemd that the stop has begun; it may take a while."""
        if not self._stopping:
            self._stopping = True
            self._manager.stopping(self._line())

    async def stop(self) -> None:
        self.stopping()
        if self._beating is not None:
            self._beating.cancel()
            await asyncio.gather(self._beating, return_exceptions=True)

    async def reload(self) -> None:
        """Reload as systemd asked for with SIGHUP, and tell it when that is done."""
        self._manager.reloading()
        try:
            await self._live.reload()
        except ConfigError:
            pass  # already logged, and shown in the status line
        except Exception:
            logger.exception(
                "the reload ended with an unexpected error: mediactl config shows the settings in force"
            )
        self._manager.ready(self._line())

    async def beat(self) -> None:
        """Tell systemd once that the daemon works."""
        if self._stopping:
            self._manager.extend_stop(STOP_PATIENCE_S)
        elif self._manager.watchdog_s is not None:
            if await self._workers.all_answer(self._interval_s):
                self._manager.feed_watchdog()
            else:
                logger.warning(
                    "a worker does not answer: the watchdog is not fed; if it lasts, systemd restarts mediad"
                )
        self._manager.show(self._line())

    async def _beat_on(self) -> None:
        while True:
            await self.beat()
            await asyncio.sleep(self._interval_s)

    def _line(self) -> str:
        """The status line. A failed reload stays in it until one succeeds."""
        trouble = f"; not reloaded: {self._live.trouble}" if self._live.trouble else ""
        return self._overview.summary() + trouble
