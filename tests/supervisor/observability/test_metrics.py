"""Metrics that are looked up for /metrics: rooms, peers and the quality of streams."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from prometheus_client import CollectorRegistry

from mediad.config.settings import Settings
from mediad.logs import LineCounts
from mediad.pipe.worker_stats import WorkerStats
from mediad.rooms.limits import RoomLimits
from mediad.rooms.spread import SpreadRules
from mediad.supervisor.observability.metrics import Metrics
from mediad.supervisor.observability.status import Status
from mediad.supervisor.workers.pool import WorkerPool
from mediad.supervisor.workers.worker import Worker
from mediad.telemetry.feed import Feed
from tests.support.calls import Call
from tests.support.listeners import RecordingListener
from tests.support.loops import on_loop
from tests.support.rtp_samples import opus


class Pool:
    memory_limit_bytes = 0

    def __init__(self) -> None:
        self.workers = [Worker(0), Worker(1)]


class FixedStatus:
    settings = Settings(max_peers=4)

    def health(self) -> dict[str, Any]:
        return {"status": "degraded"}

    async def worker_reports(self) -> dict[str, WorkerStats]:
        return {
            "1": WorkerStats(transports=4, log=LineCounts({"error": 2}, {"rate": 1}), misfits={"request": 1})
        }


def test_calls_are_counted_by_worker_and_streams_by_score() -> None:
    numbers = CollectorRegistry()

    def value(name: str, **labels: str) -> float | None:
        return numbers.get_sample_value(f"mediad_{name}", labels)

    async def scenario() -> None:
        call = Call(2)
        metrics = Metrics(
            numbers,
            Settings(workers=2),
            cast(Status, FixedStatus()),
            cast(WorkerPool, Pool()),
            call.registry,
            Feed(),
        )
        ana, ben = await call.member("ana"), await call.connect("ben")
        await call.member("eve", room_id="other")
        producer_id = await ana.produce("audio", opus())
        call.worker.emit(
            "producer.score", producerId=producer_id, score=[{"encodingIdx": 0, "ssrc": 1, "score": 7}]
        )
        cam = await call.registry.enter("room", "cam", RecordingListener())
        await metrics.scrape("")
        assert (value("broadcasters", worker="0"), value("broadcasters", worker="1")) == (1, 0)
        cam.leave()
        assert (value("rooms", worker="0"), value("rooms", worker="1")) == (1, 1)
        assert (value("peers", worker="0"), value("peers_connected", worker="0")) == (1, 2)
        assert (value("streams_by_score", score="7"), value("streams_by_score", score="10")) == (1, 0)
        assert (value("status", status="degraded"), value("status", status="ok")) == (1, 0)
        assert (value("worker_answers", worker="0"), value("worker_answers", worker="1")) == (0, 1)
        assert value("worker_up", worker="0") == 0
        assert value("limit_used_ratio", limit="max_peers") == 0.75
        assert value("limit_used_ratio", limit="max_rooms") is None
        assert value("transports", worker="1") == 4
        assert value("pipe_misfits_total", worker="1", kind="request") == 1
        assert value("log_lines_total", process="worker-1", level="error") == 2
        assert value("log_lines_left_out_total", process="worker-1", reason="rate") == 1
        ben.disconnect()
        assert value("peers_connected", worker="0") == 1

    asyncio.run(scenario())


def test_pipes_are_counted_with_what_goes_through_them() -> None:
    numbers = CollectorRegistry()

    async def scenario() -> None:
        call = Call(2, limits=RoomLimits(spread=SpreadRules(2)))
        status, pool = cast(Status, FixedStatus()), cast(WorkerPool, Pool())
        metrics = Metrics(numbers, Settings(workers=2), status, pool, call.registry, Feed())
        ana, _ = await call.talker("ana"), await call.talker("ben")
        await ana.produce("audio", opus())
        await call.settle()
        await metrics.scrape("")
        assert numbers.get_sample_value("mediad_room_pipes") == 1
        kinds = {
            kind: numbers.get_sample_value("mediad_piped_producers", {"kind": kind})
            for kind in ("audio", "video", "data")
        }
        assert kinds == {"audio": 1, "video": 0, "data": 1}

    asyncio.run(scenario())


@on_loop
async def test_asking_often_costs_one_answer() -> None:
    class Counted(FixedStatus):
        asked = 0

        async def worker_reports(self) -> dict[str, WorkerStats]:
            self.asked += 1
            await asyncio.sleep(0)
            return {}

    status, call = Counted(), Call()
    pool = cast(WorkerPool, Pool())
    settings = Settings(workers=2)
    metrics = Metrics(CollectorRegistry(), settings, cast(Status, status), pool, call.registry, Feed())
    answers = await asyncio.gather(*(metrics.scrape("") for _ in range(20)))
    assert status.asked == 1
    assert len(set(answers)) == 1
    await metrics.scrape("application/openmetrics-text; version=1.0.0")
    assert status.asked == 2
    for version in ("1.0.1", "2.0", "9" * 50, "x", "1.0.0; escaping=dots", "1.0.0-\xff"):
        for format_ in ("application/openmetrics-text", "text/plain"):
            _, content_type = await metrics.scrape(f"{format_}; version={version}, */*")
            assert content_type.partition("version=")[2][:5] in ("1.0.0", "0.0.4")
    assert status.asked == 2
