"""Signs of life for systemd: the status line, the watchdog, and more time while a stop takes long."""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol

from mediad.config.live import LiveSettings
from mediad.errors import ConfigError
from mediad.supervisor.systemd.service_manager import ServiceManager

INTERVAL_S = 5.0
"""How old the status line may get."""

STOP_PATIENCE_S = 4 * INTERVAL_S
"""What stopping gets with each beat; without beats systemd goes back to killing."""

logger = logging.getLogger(__name__)


class Workers(Protocol):
    """What is asked of the pool."""

    async def all_answer(self, timeout_s: float) -> bool:
        """Whether every worker that counts as ready answers now."""
        ...


class Overview(Protocol):
    """What is asked of the status."""

    def summary(self) -> str:
        """Rooms, peers and workers in one line."""
        ...


class Heartbeat:
    """Beats while the event loop turns.

    The watchdog is fed only after every ready worker has answered. A worker that hangs is found and replaced
    by the pool long before the watchdog bites; it bites when the pool or the loop itself has stopped working.
    Workers known to be dead do not count: waiting to restart them is being alive. Nor does a front without
    file descriptors left: ending the calls that go on would not help those that cannot come in.
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
        """Everything is ready."""
        self._manager.ready(self._line())
        if self._manager.listens:
            self._beating = asyncio.create_task(self._beat_on())

    def stopping(self) -> None:
        """The end has begun; it may take a while yet."""
        if not self._stopping:
            self._stopping = True
            self._manager.stopping(self._line())

    async def stop(self) -> None:
        self.stopping()
        if self._beating is not None:
            self._beating.cancel()
            await asyncio.gather(self._beating, return_exceptions=True)

    async def reload(self) -> None:
        """A reload that systemd asked for, with SIGHUP."""
        self._manager.reloading()
        try:
            await self._live.reload()
        except ConfigError:
            pass  # it was logged, and the status line says so
        except Exception:
            logger.exception("the reload failed")
        self._manager.ready(self._line())

    async def beat(self) -> None:
        """Once."""
        if self._stopping:
            self._manager.extend_stop(STOP_PATIENCE_S)
        elif self._manager.watchdog_s is not None:
            if await self._workers.all_answer(self._interval_s):
                self._manager.feed_watchdog()
            else:
                logger.warning("a worker does not answer: the watchdog is not fed")
        self._manager.show(self._line())

    async def _beat_on(self) -> None:
        while True:
            await self.beat()
            await asyncio.sleep(self._interval_s)

    def _line(self) -> str:
        """A reload that failed stays in it until one succeeds."""
        trouble = f"; not reloaded: {self._live.trouble}" if self._live.trouble else ""
        return self._overview.summary() + trouble
