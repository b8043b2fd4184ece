"""Observability of a real call: metrics, events, webhooks and the log agree."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from tests.support.daemon import Daemon
from tests.support.loops import on_loop, until, until_sync
from tests.support.webhook_sink import webhook_sink
from tests.support.webrtc_client import WebRtcClient

ROOT = Path(__file__).parents[2]


def samples(daemon: Daemon) -> dict[tuple[str, ...], float]:
    """Every sample of /metrics, by its name and `label=value`s."""
    status, text = daemon.get("/metrics")
    assert status == 200
    return {
        (sample.name, *(f"{key}={value}" for key, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def mediactl(daemon: Daemon, *arguments: str) -> list[dict[str, Any]]:
    """The documents it prints."""
    command = [sys.executable, "-m", "mediad.ctl.main", "--admin-socket", daemon.admin_socket, "--json"]
    done = subprocess.run([*command, *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


async def join(daemon: Daemon, peer_id: str) -> WebRtcClient:
    return await WebRtcClient.join(daemon.ws_url("lobby", peer_id), peer_id)


def test_a_call_from_its_first_join_to_its_last_leave() -> None:
    async def scenario() -> None:
        async with webhook_sink() as sink:
            async with in_threads(Daemon(webhook_url=sink.url)) as daemon:
                await the_call(daemon)
                told = await asyncio.to_thread(mediactl, daemon, "events")
                await until(lambda: sink.events() == told)
                log = daemon.log
            assert [event["type"] for event in sink.events()[len(told) :]] == [
                "node.stopping",
                "node.draining",
            ]
        assert [(event["type"], event.get("peer")) for event in told] == [
            ("worker.ready", None),
            ("node.ready", None),
            ("room.opened", None),
            ("peer.joined", "ana"),
            ("peer.joined", "ben"),
            ("peer.left", "ben"),
            ("peer.left", "ana"),
            ("room.closed", None),
        ]
        for peer in ("ana", "ben"):
            about = [line for line in log.splitlines() if f"room=lobby peer={peer} " in line]
            assert len(about) == 2, about  # one for the join, one for the leave

    asyncio.run(asyncio.wait_for(scenario(), 90))


@asynccontextmanager
async def in_threads(daemon: Daemon) -> AsyncIterator[Daemon]:
    """The daemon, started and stopped without holding up the event loop."""
    await asyncio.to_thread(daemon.__enter__)
    try:
        yield daemon
    finally:
        await asyncio.to_thread(daemon.__exit__, *sys.exc_info())


async def the_call(daemon: Daemon) -> None:
    async with await join(daemon, "ana") as ana, await join(daemon, "ben") as ben:
        producer = await ana.produce_audio(440)
        received = await ben.received(producer)
        await until(lambda: received.meter.frames > 20)
        await until(lambda: samples(daemon).get(("mediad_bitrate_bps", "direction=sent", "worker=0"), 0) > 0)
        seen = samples(daemon)
        assert seen["mediad_rooms", "worker=0"] == 1
        assert seen["mediad_peers", "worker=0"] == 2
        assert seen["mediad_producers", "worker=0"] == 1
        assert seen["mediad_consumers", "worker=0"] == 1
        assert seen["mediad_rtp_received_total", "worker=0"] >= 20
        assert seen["mediad_rtp_forwarded_total", "worker=0"] >= 20
        assert seen["mediad_transports_by_dtls_state", "state=connected", "worker=0"] == 2
        assert seen["mediad_streams_by_score", "score=10"] == 1
        for phase, count in (("connect", 2), ("join", 2), ("ice", 2), ("dtls", 2), ("first_media", 1)):
            assert seen["mediad_join_phase_seconds_count", f"phase={phase}"] == count, phase
    await asyncio.to_thread(until_sync, lambda: samples(daemon)["mediad_rooms", "worker=0"] == 0)
    seen = samples(daemon)
    assert seen["mediad_peer_joins_total",] == 2
    assert seen["mediad_peer_leaves_total", "cause=left"] == 2
    assert seen["mediad_rooms_closed_total", "cause=deserted"] == 1


def test_a_worker_that_is_killed_is_told_of_everywhere() -> None:
    with Daemon() as daemon:
        daemon.kill_worker(0)
        until_sync(lambda: len(mediactl(daemon, "events", "--type", "worker")) == 3)
        _, died, _ = mediactl(daemon, "events", "--type", "worker")
        assert (died["type"], died["cause"], died["reason"]) == (
            "worker.died",
            "killed",
            "it was killed by SIGKILL",
        )
        seen = samples(daemon)
        assert seen["mediad_worker_deaths_total", "cause=killed", "worker=0"] == 1
        assert seen["mediad_worker_restarts_total", "worker=0"] == 1
        assert seen["mediad_worker_up", "worker=0"] == 1


def test_events_are_followed_as_they_happen() -> None:
    with Daemon() as daemon:
        command = [sys.executable, "-m", "mediad.ctl.main", "--admin-socket", daemon.admin_socket]
        with subprocess.Popen(
            [*command, "events", "--follow", "--since", "0"], cwd=ROOT, stdout=subprocess.PIPE, text=True
        ) as following:
            assert following.stdout is not None
            assert "worker.ready" in following.stdout.readline()
            assert "node.ready" in following.stdout.readline()
            daemon.kill_worker(0)
            assert "cause=killed" in following.stdout.readline()
            following.terminate()


@on_loop
async def test_a_log_that_nobody_reads_holds_up_nobody(tmp_path: Path) -> None:
    """Standard error is a pipe that is full from the start: the daemon comes up, serves, and ends."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while True:
            os.write(writer, bytes(4096))
    except BlockingIOError:
        os.set_blocking(writer, True)
    with Daemon(log_level="debug", log_to=writer) as daemon:
        pids = daemon.worker_pids()
        for _ in range(50):
            async with await join(daemon, "ana"):
                pass
        assert daemon.worker_pids() == pids
        assert daemon.get("/health")[1]["status"] == "ok"
    os.close(reader)
    os.close(writer)


def test_events_outlive_a_daemon_that_is_killed(tmp_path: Path) -> None:
    outbox = str(tmp_path / "outbox")

    async def scenario() -> None:
        async with webhook_sink() as sink:
            sink.status = 503
            async with in_threads(Daemon(webhook_url=sink.url, webhook_outbox=outbox)) as daemon:
                async with await join(daemon, "ana"):
                    pass
                await until(lambda: "room closed" in daemon.log)
                told = await asyncio.to_thread(mediactl, daemon, "events")
                os.kill(daemon.pid, signal.SIGKILL)
            assert (sink.events(), told[-1]["type"]) == ([], "room.closed")
            sink.status = 200
            async with in_threads(Daemon(webhook_url=sink.url, webhook_outbox=outbox)):
                await until(lambda: len(sink.events()) > len(told))
            assert sink.events()[: len(told)] == told

    asyncio.run(asyncio.wait_for(scenario(), 90))
