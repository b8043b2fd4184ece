"""Workers and drains in the event feed and in the counters; with real processes."""

from __future__ import annotations

import os
import signal

from prometheus_client import CollectorRegistry

from mediad.config.settings import Settings
from mediad.supervisor.observability.node_book import NodeBook
from mediad.supervisor.workers.pool import WorkerPool
from mediad.telemetry.feed import Feed
from mediad.telemetry.instruments import Instruments
from tests.support.loops import on_loop, until
from tests.support.workers import tiny


@on_loop
async def test_a_worker_that_is_killed_and_comes_back() -> None:
    feed, numbers = Feed(), CollectorRegistry()
    pool = WorkerPool(Settings(workers=1, rtc_base_port=20000), lambda worker_id: None, tiny())
    pool.observer = NodeBook(feed, Instruments(numbers))
    await pool.start()
    try:
        labels = {"worker": "0", "cause": "killed"}
        assert numbers.get_sample_value("mediad_worker_deaths_total", labels) == 0
        first = pool.workers[0].pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        await until(lambda: pool.workers[0].pid not in (None, first))
        ready, died, again = feed.after(0)
        assert (ready["type"], ready["worker"], ready["pid"]) == ("worker.ready", 0, first)
        assert (died["type"], died["cause"]) == ("worker.died", "killed")
        assert died["reason"] == "it was killed by SIGKILL"
        assert (again["type"], again["pid"]) == ("worker.ready", pool.workers[0].pid)
        assert numbers.get_sample_value("mediad_worker_deaths_total", labels) == 1
        await pool.replace(pool.workers[0])
        assert [event["type"] for event in feed.after(3)] == ["worker.ready"]  # it did not die
    finally:
        await pool.stop()


def test_drains() -> None:
    feed = Feed()
    book = NodeBook(feed, Instruments(CollectorRegistry()))
    book.drain_changed(None, True)
    book.drain_changed(None, False)
    book.drain_changed(1, True)
    assert [(event["type"], event.get("worker")) for event in feed.after(0)] == [
        ("node.draining", None),
        ("node.undrained", None),
        ("worker.draining", 1),
    ]
