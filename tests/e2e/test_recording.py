"""Rooms are recorded to files that play, whatever is killed meanwhile."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.claps import ClapAudio, ClapVideo, Seen, look
from tests.support.daemon import ROOT, Daemon
from tests.support.loops import until_sync
from tests.support.mediactl import run_mediactl
from tests.support.webrtc_client import WebRtcClient, until

LIPS_S = 0.04
LENGTH_S = 0.1
LOST_S = 2.0
"""The most that a killed process may take with it."""

THROTTLE_SECRET = "for tests alone"


def run(scenario: Coroutine[Any, Any, None], timeout_s: float = 120) -> None:
    asyncio.run(asyncio.wait_for(scenario, timeout_s))


def recording(tmp_path: Path, **settings: object) -> Daemon:
    """A daemon that can record."""
    given = {"recording_dir": str(tmp_path), "recording_min_free_bytes": 0, **settings}
    return Daemon(network_throttle_secret=THROTTLE_SECRET, **given)  # type: ignore[arg-type]


async def ask(daemon: Daemon, *words: str) -> Any:
    """The answer to a verb of mediactl about recordings."""
    said = await asyncio.to_thread(run_mediactl, daemon.admin_socket, "record", *words, "--json")
    assert said.code == 0, said.err
    return json.loads(said.out)


async def clap(daemon: Daemon, peer_id: str, codec: str = "VP8", room_id: str = "room") -> WebRtcClient:
    """A peer that claps and receives nothing, which is enough work for a test."""
    client = await WebRtcClient.join(daemon.ws_url(room_id, peer_id), peer_id, consume=False)
    offered = client.device.sendRtpCapabilities.codecs
    chosen = next(item for item in offered if item.mimeType == f"video/{codec}")
    await client._produce(ClapAudio(), None)
    await client._produce(ClapVideo(), chosen)
    return client


async def has_files(daemon: Daemon, count: int, least_s: float = 0.0) -> dict[str, Any]:
    """The one recording under way, once so many files of it are as long as that."""
    while True:
        (one,) = (await ask(daemon, "list"))["recordings"]
        if sum(file["durationS"] >= least_s for file in one["files"]) >= count:
            found: dict[str, Any] = one
            return found
        await asyncio.sleep(0.2)


def check_claps(seen: Seen) -> None:
    """Claps are a second apart from the first to the last, and are seen when they are heard."""
    for times in (seen.pictures, seen.tones):
        assert len(times) >= 2, seen
        assert seen.length_s - times[-1] <= 2 + LENGTH_S, seen
    assert min(seen.pictures[0], seen.tones[0]) <= 2 + LENGTH_S, seen
    assert abs(seen.drift_s()) <= LENGTH_S, seen
    assert abs(seen.lips_s()) <= LIPS_S, seen


def sidecars(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted(folder.rglob("recording.json"))]


def test_peers_come_and_go_and_lose_packets(tmp_path: Path) -> None:
    async def scenario(daemon: Daemon) -> None:
        ana = await clap(daemon, "ana")
        await ask(daemon, "start", "room")
        ben = await clap(daemon, "ben", "H264")
        loss = {"secret": THROTTLE_SECRET, "packetLoss": 3, "uplink": 0, "downlink": 0, "rtt": 0}
        await ben.request("applyNetworkThrottle", loss)
        await asyncio.sleep(5)
        await ben.close()
        dan = await clap(daemon, "dan")
        await asyncio.sleep(4)
        await has_files(daemon, 3)
        (ended,) = (await ask(daemon, "stop", "room"))["recordings"]
        await ana.close()
        await dan.close()
        assert {file["peerId"]: len(file["codecs"]) for file in ended["files"]} == {
            "ana": 2,
            "ben": 2,
            "dan": 2,
        }
        for file in ended["files"]:
            seen = await asyncio.to_thread(look, file["path"])
            assert abs(seen.length_s - file["durationS"]) <= LENGTH_S, file
            check_claps(seen)

    with recording(tmp_path) as daemon:
        run(scenario(daemon))
        assert "error" not in daemon.log


@pytest.mark.slow
def test_ten_minutes_of_four_who_come_and_go(tmp_path: Path) -> None:
    async def scenario(daemon: Daemon) -> None:
        loss = {"secret": THROTTLE_SECRET, "packetLoss": 3, "uplink": 0, "downlink": 0, "rtt": 0}
        peers = {"ana": await clap(daemon, "ana")}
        await ask(daemon, "start", "room")
        for minute in range(10):
            peer_id = ("ben", "cleo", "dan")[minute % 3]
            if peer_id in peers:
                await peers.pop(peer_id).close()
            peers[peer_id] = await clap(daemon, peer_id, "VP8" if minute % 2 else "H264")
            if minute % 2:
                await peers[peer_id].request("applyNetworkThrottle", loss)
            await asyncio.sleep(60)
        (ended,) = (await ask(daemon, "stop", "room"))["recordings"]
        for peer in peers.values():
            await peer.close()
        assert len(ended["files"]) == 11
        for file in ended["files"]:
            seen = await asyncio.to_thread(look, file["path"])
            print(file["peerId"], file["codecs"], file["durationS"], seen.length_s, seen.lips_s())
            assert abs(seen.length_s - file["durationS"]) <= LENGTH_S, file
            check_claps(seen)

    with recording(tmp_path) as daemon:
        run(scenario(daemon), 1500)


def test_a_killed_recorder_is_replaced(tmp_path: Path) -> None:
    async def scenario(daemon: Daemon) -> None:
        ana = await clap(daemon, "ana")
        await ask(daemon, "start", "room")
        one = await has_files(daemon, 1, least_s=LOST_S + 1)
        os.kill(one["pid"], signal.SIGKILL)
        at_least_s = one["files"][0]["durationS"] - LOST_S
        again = await has_files(daemon, 2)
        assert again["pid"] != one["pid"]
        await has_files(daemon, 2, least_s=2)
        (ended,) = (await ask(daemon, "stop", "room"))["recordings"]
        await ana.close()
        first, second = [await asyncio.to_thread(look, file["path"]) for file in ended["files"]]
        assert first.length_s >= at_least_s
        check_claps(second)

    with recording(tmp_path) as daemon:
        run(scenario(daemon))


def test_a_killed_worker_ends_the_files_and_not_the_recording(tmp_path: Path) -> None:
    async def scenario(daemon: Daemon) -> None:
        ana = await clap(daemon, "ana")
        await ask(daemon, "start", "room")
        one = await has_files(daemon, 1, least_s=3)
        pid = daemon.worker_pids()[0]
        os.kill(pid, signal.SIGKILL)
        await until(lambda: daemon.worker_pids().get(0, pid) != pid, "a new worker", 60)
        with suppress(Exception):
            await ana.close()
        ben = await clap(daemon, "ben")
        again = await has_files(daemon, 2, least_s=2)
        assert (again["pid"], again["recordingId"]) == (one["pid"], one["recordingId"])
        (ended,) = (await ask(daemon, "stop", "room"))["recordings"]
        await ben.close()
        assert [file["peerId"] for file in ended["files"]] == ["ana", "ben"]
        for file in ended["files"]:
            check_claps(await asyncio.to_thread(look, file["path"]))
        seen = await asyncio.to_thread(look, ended["files"][0]["path"])
        assert seen.length_s >= one["files"][0]["durationS"] - LOST_S

    with recording(tmp_path) as daemon:
        run(scenario(daemon))


def test_a_killed_supervisor_leaves_whole_files_and_no_process(tmp_path: Path) -> None:
    async def scenario(daemon: Daemon) -> None:
        ana = await clap(daemon, "ana")
        await ask(daemon, "start", "room")
        one = await has_files(daemon, 1, least_s=3)
        os.kill(daemon.pid, signal.SIGKILL)
        with suppress(Exception):
            await ana.close()
        await asyncio.to_thread(until_sync, lambda: not psutil.pid_exists(one["pid"]))
        (sidecar,) = sidecars(tmp_path)
        assert [file["finished"] for file in sidecar["files"]] == [True]
        seen = await asyncio.to_thread(look, one["files"][0]["path"])
        assert seen.length_s >= one["files"][0]["durationS"] - LOST_S
        check_claps(seen)

    with recording(tmp_path) as daemon:
        run(scenario(daemon))


def test_a_stop_of_the_daemon_finishes_the_files(tmp_path: Path) -> None:
    async def scenario(daemon: Daemon) -> None:
        ana = await clap(daemon, "ana")
        await ask(daemon, "start", "room", "--format", "webm")
        await has_files(daemon, 1, least_s=2)
        await asyncio.to_thread(daemon.stop)
        with suppress(Exception):
            await ana.close()
        (sidecar,) = sidecars(tmp_path)
        assert [(file["finished"], file["format"]) for file in sidecar["files"]] == [(True, "webm")]

    with recording(tmp_path) as daemon:
        run(scenario(daemon))


@pytest.mark.parametrize("cycles", [5, pytest.param(100, marks=pytest.mark.slow)])
def test_starts_and_stops_leave_everything_as_it_was(tmp_path: Path, cycles: int) -> None:
    async def scenario(daemon: Daemon) -> None:
        ana = await clap(daemon, "ana")
        supervisor, worker = psutil.Process(daemon.pid), psutil.Process(daemon.worker_pids()[0])

        async def cycle() -> None:
            await ask(daemon, "start", "room")
            await ask(daemon, "stop", "room")

        def held() -> tuple[int, int, int, int]:
            tables = daemon.get("/workers")[1]["workers"][0]["tables"]
            used = sum(table["used"] for table in tables.values())
            return supervisor.num_fds(), worker.num_fds(), len(daemon.pids()), used

        for _ in range(2):
            await cycle()
        before, rss = held(), (supervisor.memory_info().rss, worker.memory_info().rss)
        for _ in range(cycles):
            await cycle()
        await until(lambda: held() == before, f"what was held before: {before}, now {held()}")
        after = (supervisor.memory_info().rss, worker.memory_info().rss)
        print(f"{cycles} recordings: held {held()}, RSS {rss} -> {after}")
        assert all(now - then < (8 << 20) for then, now in zip(rss, after, strict=True)), (rss, after)
        await ana.close()

    with recording(tmp_path) as daemon:
        run(scenario(daemon), 60 + 10 * cycles)


def test_without_a_place_it_is_refused_with_the_name_of_the_setting() -> None:
    async def scenario(daemon: Daemon) -> None:
        ana = await clap(daemon, "ana")
        said = await asyncio.to_thread(run_mediactl, daemon.admin_socket, "record", "start", "room")
        assert said.code == 1
        assert "recording_dir" in said.err
        await ana.close()

    with Daemon() as daemon:
        run(scenario(daemon))


def test_the_example_records_and_composes(tmp_path: Path) -> None:
    async def scenario(daemon: Daemon) -> None:
        ana, ben = await clap(daemon, "ana"), await clap(daemon, "ben")
        script = await asyncio.create_subprocess_exec(
            *(str(ROOT / "scripts" / "examples" / "record-room"), "room", "4"),
            env=os.environ | {"MEDIAD_ADMIN_SOCKET": daemon.admin_socket},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said = (await script.communicate())[0].decode()
        await ana.close()
        await ben.close()
        assert script.returncode == 0, said
        (composed,) = list(tmp_path.rglob("composed.mp4"))  # noqa: ASYNC240 - a look at a few files
        assert f"2 files are side by side in {composed}" in said
        seen = await asyncio.to_thread(look, composed)
        assert seen.length_s >= 3
        assert len(seen.tones) >= 3

    with recording(tmp_path) as daemon:
        run(scenario(daemon))
