"""`GET /metrics`: counters moved as things happen, and figures looked up when Prometheus asks."""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Protocol

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder

from mediad import __version__, logs
from mediad.clock import LoopClock
from mediad.config.settings import Settings
from mediad.metering.loop_lag import LoopLag
from mediad.pipe.worker_stats import WorkerStats
from mediad.rooms.room import Room
from mediad.supervisor.observability.status import Status
from mediad.supervisor.observability.udp_drops import DropCount, drops_by_port
from mediad.supervisor.observability.worker_families import Reports, families, lag_family
from mediad.supervisor.workers.pool import WorkerPool
from mediad.supervisor.workers.worker import Worker
from mediad.telemetry.feed import Feed

FRESH_S = 0.5

STATUSES = ("ok", "degraded", "draining", "full", "unavailable")


class Rooms(Protocol):
    """The part of the registry of rooms that is used here."""

    def rooms(self) -> list[Room]: ...


class Metrics:
    """Adds the figures of this node to `registry`; `scrape` returns them all as text."""

    def __init__(
        self,
        registry: CollectorRegistry,
        settings: Settings,
        status: Status,
        pool: WorkerPool,
        rooms: Rooms,
        feed: Feed,
    ) -> None:
        self.lag = LoopLag(LoopClock())
        """Lag of the supervisor's event loop; the daemon starts and stops the measurement."""
        self._registry = registry
        self._settings = settings
        self._status = status
        self._pool = pool
        self._rooms = rooms
        self._feed = feed
        self._reports: Reports = {}
        self._written: dict[str, tuple[bytes, float]] = {}  # text and time, by content type
        self._drops: defaultdict[int, DropCount] = defaultdict(DropCount)  # by worker id
        self._scraping = asyncio.Lock()
        registry.register(_Lookup(self))
        ProcessCollector(registry=registry)

    async def scrape(self, accept: str) -> tuple[bytes, str]:
        """The text and its content type, in the best format that `accept` (the HTTP header) allows.

        A request within FRESH_S of the last one gets the same text: writing it is expensive.
        """
        encode, content_type = choose_encoder(_plainly(accept))
        async with self._scraping:
            text, written_s = self._written.get(content_type, (b"", -math.inf))
            if time.monotonic() - written_s >= FRESH_S:
                self._reports = await self._status.worker_reports()
                text = encode(self._registry)
                self._written[content_type] = text, time.monotonic()
        return text, content_type

    def collect(self) -> Iterator[Metric]:
        """All figures that are looked up; called while the text is written."""
        yield from self._node()
        yield from self._places()
        yield from self._calls()
        yield from self._logs()
        yield from families(self._reports)

    def _node(self) -> Iterator[Metric]:
        info = GaugeMetricFamily("mediad_build_info", "Always 1.", labels=("version",))
        info.add_metric((__version__,), 1)
        yield info
        status = GaugeMetricFamily("mediad_status", "1 for what /health says.", labels=("status",))
        now = self._status.health()["status"]
        for name in STATUSES:
            status.add_metric((name,), float(name == now))
        yield status
        lags = {name: report.loop_lag for name, report in self._workers_by_process().items()}
        yield lag_family({"supervisor": self.lag.report(), **lags})
        yield self._limits()
        events = CounterMetricFamily("mediad_events", "Events in the feed.")
        events.add_metric((), self._feed.last_seq)
        yield events

    def _limits(self) -> Metric:
        """The limits that are set, as they are now."""
        settings, rooms = self._status.settings, self._rooms.rooms()
        peers = sum(len(room.peers) for room in rooms)
        family = GaugeMetricFamily(
            "mediad_limit_used_ratio", "How much of a configured limit is used.", labels=("limit",)
        )
        for name, used, limit in (
            ("max_rooms", len(rooms), settings.max_rooms),
            ("max_peers", peers, settings.max_peers),
        ):
            if limit:
                family.add_metric((name,), used / limit)
        return family

    def _places(self) -> Iterator[Metric]:
        """The pool's figures of each worker, whether it answers or not."""
        workers, drops = self._pool.workers, drops_by_port()

        def gauge(name: str, doc: str, values: list[float]) -> Metric:
            family = GaugeMetricFamily(f"mediad_worker_{name}", doc, labels=("worker",))
            for worker, value in zip(workers, values, strict=True):
                family.add_metric((str(worker.worker_id),), value)
            return family

        yield gauge("up", "Whether its process is ready for rooms.", [float(_up(w)) for w in workers])
        yield gauge("answers", "Whether it reported to this scrape.", [self._answers(w) for w in workers])
        yield gauge("draining", "Whether it takes no new rooms.", [float(w.draining) for w in workers])
        yield gauge(
            "crash_loop", "Whether it dies again and again.", [float(w.history.looping) for w in workers]
        )
        yield gauge("cpu_ratio", "Cores in use over the last second.", [w.cpu for w in workers])
        yield gauge("rss_bytes", "Resident memory.", [w.rss_bytes for w in workers])
        yield gauge("uptime_seconds", "Age of its process.", [_uptime_s(w) for w in workers])
        restarts = CounterMetricFamily(
            "mediad_worker_restarts", "Processes started anew.", labels=("worker",)
        )
        full = CounterMetricFamily(
            "mediad_udp_receive_buffer_drops",
            "Datagrams the kernel dropped because the worker's receive buffer was full.",
            labels=("worker",),
        )
        for worker in workers:
            ports = self._settings.worker_settings(worker.worker_id).ports
            restarts.add_metric((str(worker.worker_id),), worker.restarts)
            full.add_metric((str(worker.worker_id),), self._drops[worker.worker_id].look(ports, drops))
        yield restarts
        yield full
        yield self._tables()
        yield self._pipes()
        yield self._misfits()

    def _tables(self) -> Metric:
        used = GaugeMetricFamily(
            "mediad_worker_used_ratio", "How much of a worker's table is in use.", labels=("worker", "table")
        )
        for worker in self._pool.workers:
            for name, table in worker.stock.report().items():
                used.add_metric((str(worker.worker_id), name), table["used"] / table["capacity"])
            limit_bytes = self._pool.memory_limit_bytes
            if limit_bytes:
                used.add_metric((str(worker.worker_id), "memory"), worker.rss_bytes / limit_bytes)
        return used

    def _pipes(self) -> Metric:
        pipes = CounterMetricFamily(
            "mediad_pipe_bytes",
            "Written to and read from the pipes of a worker's process.",
            labels=("worker", "direction"),
        )
        for worker in self._pool.workers:
            if worker.process is not None:
                link = worker.process.link
                pipes.add_metric((str(worker.worker_id), "sent"), link.sent_bytes)
                pipes.add_metric((str(worker.worker_id), "received"), link.received_bytes)
        return pipes

    def _misfits(self) -> Metric:
        """The messages between supervisor and workers that could not be read, at either end."""
        family = CounterMetricFamily(
            "mediad_pipe_misfits",
            "Messages between the supervisor and the worker that the receiving end could not read.",
            labels=("worker", "kind"),
        )
        for worker in self._pool.workers:
            worker_id = str(worker.worker_id)
            report = self._reports.get(worker_id)
            if report is not None:
                for kind, count in report.misfits.items():
                    family.add_metric((worker_id, kind), count)
            if worker.process is not None:
                for kind, count in worker.process.link.misfits.counts.items():
                    family.add_metric((worker_id, kind), count)
        return family

    def _calls(self) -> Iterator[Metric]:
        """Rooms and peers now; none by its name, because clients choose names without limit."""
        rooms, peers, joined, broadcasters = Counter[int](), Counter[int](), Counter[int](), Counter[int]()
        scores = dict.fromkeys(range(11), 0)
        for room in self._rooms.rooms():
            rooms.update(branch.worker_id for branch in room.branches)
            peers.update(peer.branch.worker_id for peer in room.peers.values())
            joined.update(peer.branch.worker_id for peer in room.joined_peers())
            broadcasters.update(p.branch.worker_id for p in room.peers.values() if not p.keeps_room)
            for producer in room.books.producers.values():
                for encoding in producer.score:
                    scores[min(10, max(0, encoding.score))] += 1
        for name, doc, counts in (
            ("rooms", "Rooms open.", rooms),
            ("peers_connected", "Clients with a seat in a room, joined or not.", peers),
            ("peers", "Members of calls.", joined),
            ("broadcasters", "Of those with a seat, those without a connection.", broadcasters),
        ):
            family = GaugeMetricFamily(f"mediad_{name}", doc, labels=("worker",))
            for worker in self._pool.workers:
                family.add_metric((str(worker.worker_id),), counts[worker.worker_id])
            yield family
        yield from self._room_pipes()
        quality = GaugeMetricFamily(
            "mediad_streams_by_score", "Streams received, by quality from 0 to 10 (best).", labels=("score",)
        )
        for score, count in scores.items():
            quality.add_metric((str(score),), count)
        yield quality

    def _room_pipes(self) -> Iterator[Metric]:
        """The pipes between workers that rooms have, and what goes through them."""
        pipes, piped = 0, Counter[str](audio=0, video=0, data=0)
        for room in self._rooms.rooms():
            pipes += len(room.pipes.pairs())
            piped.update(piece.kind for piece in room.pipes.piped())
        yield GaugeMetricFamily("mediad_room_pipes", "Pipes that join the workers of one room.", value=pipes)
        family = GaugeMetricFamily(
            "mediad_piped_producers",
            "Tracks and data channels that come through a pipe from another worker.",
            labels=("kind",),
        )
        for kind, count in piped.items():
            family.add_metric((kind,), count)
        yield family

    def _logs(self) -> Iterator[Metric]:
        lines = CounterMetricFamily(
            "mediad_log_lines", "Lines logged, by level.", labels=("process", "level")
        )
        left_out = CounterMetricFamily(
            "mediad_log_lines_left_out", "Lines not logged, by reason.", labels=("process", "reason")
        )
        counts = {"supervisor": logs.counts()}
        for process, report in self._workers_by_process().items():
            if report.log is not None:
                counts[process] = report.log
        for process, count in counts.items():
            for level, number in count.lines.items():
                lines.add_metric((process, level), number)
            for reason, number in count.left_out.items():
                left_out.add_metric((process, reason), number)
        yield lines
        yield left_out

    def _workers_by_process(self) -> dict[str, WorkerStats]:
        return {f"worker-{worker_id}": report for worker_id, report in self._reports.items()}

    def _answers(self, worker: Worker) -> float:
        return float(str(worker.worker_id) in self._reports)


class _Lookup:
    """A collector for the registry that does not list its names beforehand."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        return self._metrics.collect()


def _up(worker: Worker) -> bool:
    return worker.process is not None


def _uptime_s(worker: Worker) -> float:
    return time.monotonic() - worker.ready_since_s if _up(worker) else 0.0


def _plainly(accept: str) -> str:
    """The Accept header reduced to the two formats known here, without unknown parameters.

    The library accepts any version that a client makes up for its own format, and fails on some of them.
    """
    for wanted in accept.split(","):
        match wanted.partition(";")[0].strip().lower():
            case "application/openmetrics-text":
                return "application/openmetrics-text; version=1.0.0"
            case "text/plain":
                break
    return "text/plain; version=0.0.4"
