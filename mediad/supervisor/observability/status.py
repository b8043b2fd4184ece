"""The node's description of itself, for HTTP clients and for mediactl."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import msgspec

from mediad import __version__
from mediad.config.settings import Settings
from mediad.confinement.report import Confinement
from mediad.errors import MediadError
from mediad.pipe.worker_requests import GetWorkerStats
from mediad.pipe.worker_stats import WorkerStats
from mediad.supervisor.workers.link import WorkerLink
from mediad.supervisor.workers.placement import FULL, NEARLY_FULL
from mediad.supervisor.workers.pool import WorkerPool
from mediad.supervisor.workers.worker import Worker
from mediad.words import plural

REPORT_TIMEOUT_S = 2.0
"""The time a worker has to answer; a slower one is left out of reports about all workers."""


class Rooms(Protocol):
    """The part of the registry of rooms that is used here."""

    @property
    def room_count(self) -> int: ...

    @property
    def peer_count(self) -> int: ...

    def summaries(self) -> list[dict[str, Any]]:
        """The rooms: roomId, workerId, and the number of peers, producers and consumers of each."""
        ...


class Status:
    """Read-only views of pool and rooms; implements signaling's StatusSource."""

    def __init__(self, settings: Settings, pool: WorkerPool, rooms: Rooms) -> None:
        self.url: str | None = None
        """The address of the front, once it serves."""
        self.tokens: Callable[[], dict[str, Any]] = dict
        """Returns what operators are shown of tokens."""
        self.settings = settings
        self._pool = pool
        self._rooms = rooms
        self._started_s = time.monotonic()

    def stats(self) -> dict[str, Any]:
        """`GET /stats`; cpuUsage is 0..1 of one core, and a worker that used more than one shows as 1."""
        return {
            "workers": [
                {
                    "workerId": worker.worker_id,
                    "roomCount": len(worker.rooms),
                    "cpuUsage": round(min(1.0, worker.cpu), 4),
                    "pid": worker.pid,
                    "closed": worker.process is None,
                }
                for worker in self._pool.workers
            ],
            "distribution": {str(worker.worker_id): sorted(worker.rooms) for worker in self._pool.workers},
            "totalRooms": len({room for worker in self._pool.workers for room in worker.rooms}),
            "totalPeers": self._rooms.peer_count,
        }

    def workers(self) -> dict[str, Any]:
        """`GET /workers`: each worker in detail."""
        return {"workers": [self._worker(worker) for worker in self._pool.workers]}

    def health(self) -> dict[str, Any]:
        """`GET /health`: a status, and the problems in words.

        The status is "ok" or "degraded" (something is wrong) while new rooms are accepted, else "draining",
        "full" or "unavailable".
        """
        workers = self._pool.workers
        return {
            "status": self._health(),
            "workers": len(workers),
            "workersReady": sum(worker.process is not None for worker in workers),
            "problems": [
                *(_loop_of(worker) for worker in workers if worker.history.looping),
                *(_nearly_full(worker) for worker in workers if worker.fullest()[1] >= NEARLY_FULL),
                *_troubles(self.tokens()),
                *(_stranger(worker) for worker in workers if worker.process and not worker.process.fits),
            ],
        }

    def _health(self) -> str:
        ready = [worker for worker in self._pool.workers if worker.process is not None]
        if self._pool.draining or (ready and all(worker.draining for worker in ready)):
            return "draining"
        if not ready:
            return "unavailable"
        full = [worker for worker in ready if not worker.draining and worker.fullest()[1] >= FULL]
        if len(full) == sum(not worker.draining for worker in ready):
            return "full"
        strange = any(not worker.process.fits for worker in self._pool.workers if worker.process is not None)
        looping = any(worker.history.looping for worker in self._pool.workers)
        return "degraded" if looping or strange or full else "ok"

    def rooms(self) -> dict[str, Any]:
        return {"rooms": sorted(self._rooms.summaries(), key=lambda room: str(room["roomId"]))}

    def summary(self) -> str:
        """Rooms, peers and workers in one line."""
        return summary(self.health(), self._rooms.room_count, self._rooms.peer_count)

    async def overview(self) -> dict[str, Any]:
        """The node at a glance: health, size, age, and what the kernel offers its sockets."""
        reports = await self.worker_reports()
        return {
            **self.health(),
            "version": __version__,
            "pid": os.getpid(),
            "uptimeS": round(time.monotonic() - self._started_s, 1),
            "url": self.url,
            "rooms": self._rooms.room_count,
            "peers": self._rooms.peer_count,
            "tokens": self.tokens(),
            "restarts": sum(worker.restarts for worker in self._pool.workers),
            "confinement": sorted({str(told) for told in map(_told, self._pool.workers) if told is not None}),
            "udpGso": _all_have(report.udp_gso for report in reports.values()),
            "udpGro": _all_have(report.udp_gro for report in reports.values()),
        }

    async def worker_reports(self) -> dict[str, WorkerStats]:
        """The answer of each worker to worker.stats, by worker id; workers that are silent are left out."""
        links = self.links()
        reports = await asyncio.gather(*(_report(link) for link in links))
        return {
            str(link.worker_id): report
            for link, report in zip(links, reports, strict=True)
            if report is not None
        }

    def links(self) -> list[WorkerLink]:
        """The links to the workers that run."""
        return [worker.process.link for worker in self._pool.workers if worker.process is not None]

    def _worker(self, worker: Worker) -> dict[str, Any]:
        settings = self.settings.worker_settings(worker.worker_id)
        ready = worker.process is not None
        return {
            "workerId": worker.worker_id,
            "pid": worker.pid,
            "version": worker.process.version if worker.process is not None else None,
            "confinement": _confinement(worker),
            "state": _state(worker),
            "nextStartS": _until(worker.next_start_s),
            "roomCount": len(worker.rooms),
            "cpuUsage": round(worker.cpu, 4),
            "rssBytes": worker.rss_bytes,
            "tables": worker.stock.report(),
            "uptimeS": round(time.monotonic() - worker.ready_since_s, 1) if ready else 0.0,
            "restarts": worker.restarts,
            "lastDeath": worker.last_death,
            "listen": [{"ip": info.ip, "announced": info.announced} for info in settings.listen_infos],
            "portMode": settings.port_mode,
            "firstPort": settings.rtc_first_port,
            "lastPort": settings.rtc_last_port,
        }


def _troubles(tokens: dict[str, Any]) -> list[str]:
    """Return what is wrong with the keys of tokens, in words."""
    jwks = tokens.get("jwks")
    if jwks is None:
        return []
    age_s = jwks["ageS"]
    since = "never" if age_s is None else f"last {age_s:.0f} s ago"
    found = [f"a key of jwt_jwks is not used: {reason}" for reason in jwks["leftOut"]]
    if jwks["trouble"]:
        text = f"the keys of tokens cannot be fetched (jwt_jwks, {since})"
        found.insert(0, f"{text}: {jwks['trouble']}")
    return found


def _confinement(worker: Worker) -> dict[str, Any] | None:
    """The confinement of a worker; None while it is not there, or does not tell."""
    told = _told(worker)
    return None if told is None else msgspec.to_builtins(told)


def _told(worker: Worker) -> Confinement | None:
    return worker.process.confinement if worker.process is not None else None


def _state(worker: Worker) -> str:
    """The state of a worker, in one word or two."""
    if worker.process is not None:
        return "draining" if worker.draining else "ready"
    return "restarting" if worker.next_start_s is None else "backing off"


def _until(then_s: float | None) -> float | None:
    """Seconds from now until `then_s`."""
    return None if then_s is None else round(max(0.0, then_s - time.monotonic()), 1)


def _nearly_full(worker: Worker) -> str:
    """The fullest table of a worker, or its lack of memory, in words."""
    what, used = worker.fullest()
    if worker.stock.shortage is not None:
        return f"worker {worker.worker_id}: {worker.stock.shortage}"
    table = worker.stock.tables[what]
    how = "full" if used >= FULL else "nearly full"
    share = f"{table.used} of {table.capacity} {what} are in use ({used:.0%})"
    return f"worker {worker.worker_id} is {how}: {share}"


def _loop_of(worker: Worker) -> str:
    """The crash loop of a worker, in words."""
    next_start_s = _until(worker.next_start_s)
    then = "it is running again" if worker.process is not None else "it is being started"
    if next_start_s is not None:
        then = f"the next start is in {next_start_s:g} s"
    times = plural(worker.history.failures, "time")
    return f"worker {worker.worker_id} has failed {times} in a row, last: {worker.last_death}; {then}"


def _stranger(worker: Worker) -> str:
    assert worker.process is not None
    return (
        f"worker {worker.worker_id} is of mediad {worker.process.version}, the daemon of {__version__}: "
        "it was upgraded while it ran; restart it (systemctl restart mediad)"
    )


async def _report(link: WorkerLink) -> WorkerStats | None:
    try:
        async with asyncio.timeout(REPORT_TIMEOUT_S):
            return await link.request(GetWorkerStats())
    except (MediadError, TimeoutError):  # it is ending or hanging: it is left out
        return None


def _all_have(feature: Iterable[bool | None]) -> bool | None:
    """True when every worker has the feature; None when no worker tells."""
    known = [has for has in feature if has is not None]
    return all(known) if known else None


def summary(health: dict[str, Any], rooms: int, peers: int) -> str:
    """The node in one line: `3 rooms, 7 peers, 4 of 4 workers ready`, after a status that is not "ok"."""
    state = "" if health["status"] == "ok" else f"{health['status']}: "
    return (
        f"{state}{plural(rooms, 'room')}, {plural(peers, 'peer')}, "
        f"{health['workersReady']} of {plural(health['workers'], 'worker')} ready"
    )
