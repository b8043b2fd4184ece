"""The parts together: what a node counts is what it shows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client.parser import text_string_to_metric_families

from mediad.config import Settings
from mediad.rooms.registry import RoomRegistry
from mediad.supervisor.draining import Drains
from mediad.supervisor.observation import Observation
from mediad.supervisor.status import Status
from mediad.supervisor.worker_pool import WorkerPool
from tests.support.loops import on_loop
from tests.support.workers import tiny


@asynccontextmanager
async def node() -> AsyncIterator[tuple[Observation, WorkerPool]]:
    settings = Settings(workers=2, rtc_base_port=20000)
    observation = Observation(settings)
    pool = WorkerPool(settings, lambda worker_id: None, tiny())
    registry = RoomRegistry(pool, observer=observation.call_book)
    observation.attach(Status(settings, pool, registry), pool, registry, Drains(pool, registry))
    await observation.start()
    await pool.start()
    try:
        yield observation, pool
    finally:
        await pool.stop()
        await observation.stop()


@on_loop
async def test_what_is_shown() -> None:
    async with node() as (observation, pool):
        pool.workers[1].draining = True
        text, content_type = await observation.metrics.scrape("")
        assert content_type.startswith("text/plain")
        shown = {
            (sample.name, *sorted(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text.decode())
            for sample in family.samples
        }
        assert shown["mediad_worker_up", ("worker", "0")] == 1
        assert shown["mediad_worker_answers", ("worker", "1")] == 1
        assert shown["mediad_worker_draining", ("worker", "1")] == 1
        assert shown["mediad_status", ("status", "ok")] == 1
        assert shown["mediad_status", ("status", "draining")] == 0
        assert shown["mediad_rooms", ("worker", "0")] == 0
        assert shown["mediad_events_total",] == 2
        assert shown["mediad_worker_restarts_total", ("worker", "0")] == 0
        assert ("mediad_log_lines_total", ("level", "info"), ("process", "supervisor")) in shown
        assert "process_open_fds" in {key[0] for key in shown}


@on_loop
async def test_openmetrics_for_those_who_prefer_it() -> None:
    async with node() as (observation, _):
        text, content_type = await observation.metrics.scrape("application/openmetrics-text; version=1.0.0")
        assert content_type.startswith("application/openmetrics-text")
        assert text.decode().endswith("# EOF\n")


@on_loop
async def test_the_feed_can_be_asked() -> None:
    async with node() as (observation, _):
        assert list(observation.table()) == ["events"]
        assert [event["type"] for event in observation.feed.after(0)] == ["worker.ready"] * 2
