"""Everything that tells operators about this node, put together: feed, counters, /metrics."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from mediad.config import Settings
from mediad.rooms.registry import RoomRegistry
from mediad.supervisor import event_methods
from mediad.supervisor.admin_methods import Table
from mediad.supervisor.call_book import CallBook
from mediad.supervisor.draining import Drains
from mediad.supervisor.metrics import Metrics
from mediad.supervisor.node_book import NodeBook
from mediad.supervisor.status import Status
from mediad.supervisor.worker_pool import WorkerPool
from mediad.telemetry.feed import Feed
from mediad.telemetry.instruments import Instruments


class Observation:
    """Made before what it observes, and attached to it afterwards."""

    def __init__(self, settings: Settings) -> None:
        self.feed = Feed()
        self._settings = settings
        self._numbers = CollectorRegistry()
        self._instruments = Instruments(self._numbers)
        self.call_book = CallBook(self.feed, self._instruments)
        """The registry's observer."""

    def attach(self, status: Status, pool: WorkerPool, rooms: RoomRegistry, drains: Drains) -> None:
        pool.watcher = drains.watcher = NodeBook(self.feed, self._instruments)
        self.metrics = Metrics(self._numbers, self._settings, status, pool, rooms, self.feed)

    async def start(self) -> None:
        self.metrics.lag.start()

    async def stop(self) -> None:
        """After the last event."""
        self.metrics.lag.stop()

    def table(self) -> Table:
        """What mediactl may ask."""
        return event_methods.table(self.feed)
