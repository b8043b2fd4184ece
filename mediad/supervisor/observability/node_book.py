"""NodeBook: turns what happens to workers and drains into events of the feed and counters of /metrics."""

from __future__ import annotations

from mediad.supervisor.workers.node_observer import DEATH_CAUSES, NodeObserver
from mediad.telemetry.feed import Feed
from mediad.telemetry.instruments import Instruments


class NodeBook(NodeObserver):
    """Events and counters of the node; CallBook has those of rooms."""

    def __init__(self, feed: Feed, instruments: Instruments) -> None:
        self._feed = feed
        self._count = instruments

    def worker_ready(self, worker_id: int, pid: int) -> None:
        for cause in DEATH_CAUSES:  # exists before the first death, which would not be seen otherwise
            self._count.worker_deaths.labels(worker_id, cause)
        self._feed.publish("worker.ready", worker=worker_id, pid=pid)

    def worker_died(self, worker_id: int, cause: str, reason: str) -> None:
        self._count.worker_deaths.labels(worker_id, cause).inc()
        self._feed.publish("worker.died", worker=worker_id, cause=cause, reason=reason)

    def drain_changed(self, worker_id: int | None, draining: bool) -> None:
        scope = "node" if worker_id is None else "worker"
        self._feed.publish(f"{scope}.{'draining' if draining else 'undrained'}", worker=worker_id)
