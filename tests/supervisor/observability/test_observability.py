"""The parts together: what a node counts is what it shows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from mediad.config.settings import Settings
from mediad.errors import ConfigError
from mediad.rooms.registry import RoomRegistry
from mediad.supervisor.front.tls import FrontTls, ends
from mediad.supervisor.observability.observability import Observability, outbox_path
from mediad.supervisor.observability.status import Status
from mediad.supervisor.workers.draining import Drains
from mediad.supervisor.workers.pool import WorkerPool
from tests.support.certificates import write_certificate
from tests.support.loops import on_loop, until
from tests.support.open_folder import open_folder
from tests.support.webhook_sink import webhook_sink
from tests.support.workers import tiny


@asynccontextmanager
async def node(**values: Any) -> AsyncIterator[tuple[Observability, WorkerPool]]:
    settings = Settings(workers=2, rtc_base_port=20000, **values)
    observability = Observability(settings, {})
    pool = WorkerPool(settings, lambda worker_id: None, tiny())
    registry = RoomRegistry(pool, observer=observability.call_book)
    observability.attach(Status(settings, pool, registry), pool, registry, Drains(pool, registry))
    await observability.start()
    await pool.start()
    try:
        yield observability, pool
    finally:
        await pool.stop()
        await observability.stop()


@on_loop
async def test_what_is_shown() -> None:
    async with node() as (observability, pool):
        pool.workers[1].draining = True
        text, content_type = await observability.metrics.scrape("")
        assert content_type.startswith("text/plain")
        shown = {
            (sample.name, *sorted(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text.decode())
            for sample in family.samples
        }
        assert shown["mediad_worker_up", ("worker", "0")] == 1
        assert shown["mediad_worker_answers", ("worker", "1")] == 1
        assert shown["mediad_pipe_bytes_total", ("direction", "received"), ("worker", "0")] > 0
        assert shown["mediad_pipe_bytes_total", ("direction", "sent"), ("worker", "0")] > 0
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
    async with node() as (observability, _):
        text, content_type = await observability.metrics.scrape("application/openmetrics-text; version=1.0.0")
        assert content_type.startswith("application/openmetrics-text")
        assert text.decode().endswith("# EOF\n")


@on_loop
async def test_the_feed_can_be_asked() -> None:
    async with node() as (observability, _):
        assert [event["type"] for event in observability.feed.after(0)] == ["worker.ready"] * 2


@on_loop
async def test_what_happens_is_posted(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret\n")
    async with webhook_sink() as sink:
        values = {"webhook_url": sink.url, "webhook_secret_file": str(secret)}
        async with node(**values) as (observability, _):
            await until(lambda: len(sink.events()) == 2)
            assert [event["type"] for event in sink.events()] == ["worker.ready"] * 2
            text, _ = await observability.metrics.scrape("")
            assert "mediad_webhook_outbox_depth 0.0" in text.decode()
            assert 'mediad_webhook_posts_total{result="failed"} 0.0' in text.decode()
        assert all("mediad-signature" in headers for _, headers, _ in sink.posts)


@on_loop
async def test_new_settings_count_when_all_of_them_are_right(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.write_text(" \n")
    async with webhook_sink() as sink, node() as (observability, _):
        settings = Settings(webhook_url=sink.url)
        for path, reason in ((tmp_path / "missing", "No such file"), (empty, "is empty")):
            with pytest.raises(ConfigError, match=f"webhook_secret_file: .*{reason}"):
                await observability.prepare(replace(settings, webhook_secret_file=str(path)))
            with pytest.raises(ConfigError, match=reason):
                Observability(replace(settings, webhook_secret_file=str(path)), {})
        commit = await observability.prepare(settings)
        observability.feed.publish("room.opened", room="before")
        assert commit() == "webhooks"
        assert commit() is None
        observability.feed.publish("room.opened", room="after")
        await until(lambda: [event["room"] for event in sink.events()] == ["after"])


def test_where_the_outbox_is() -> None:
    url = "https://app.example.com/"
    assert outbox_path(Settings(), {"STATE_DIRECTORY": "/var/lib/mediad"}) is None
    assert outbox_path(Settings(webhook_url=url), {}) is None
    assert outbox_path(Settings(webhook_url=url), {"STATE_DIRECTORY": "/a:/b"}) == "/a/webhook-outbox"
    assert outbox_path(Settings(webhook_url=url, webhook_outbox="/x/y"), {"STATE_DIRECTORY": "/a"}) == "/x/y"


@on_loop
async def test_the_certificate_shows_its_end(tmp_path: Path) -> None:
    certificate, key = write_certificate(tmp_path)
    tls = FrontTls(Settings(tls_certificate=certificate, tls_private_key=key))
    async with node() as (observability, _):
        observability.watch_certificate(tls.ends_s)
        text, _ = await observability.metrics.scrape("")
        line = next(line for line in text.decode().splitlines() if line.startswith("mediad_tls_certificate"))
        assert float(line.split()[1]) == ends(tls.certificate).timestamp()


def test_a_secret_that_everybody_can_read_is_none(tmp_path: Path) -> None:
    path = tmp_path / "webhook-secret"
    path.write_text("s")
    settings = Settings(webhook_secret_file=str(path))
    with open_folder(tmp_path):
        path.chmod(0o644)
        with pytest.raises(ConfigError, match=f"every user can read it: chmod 640 {path}"):
            Observability(settings, {})
        path.chmod(0o600)
        Observability(settings, {})
