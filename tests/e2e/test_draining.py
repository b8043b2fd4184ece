"""Draining, moving, restarting and stopping the real daemon under real media, as an operator does it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from mediad.exit_codes import ExitCode
from tests.support.daemon import ROOT, Daemon, clean_environment
from tests.support.returning_client import Couple, couples
from tests.support.webrtc_client import WebRtcClient, until
from tests.support.workers import alive

SERVICE_RESTART = 1012


@dataclass(frozen=True)
class Said:
    """The exit code and the output of a mediactl."""

    code: int
    out: str
    err: str


class Mediactl:
    """A mediactl under way."""

    def __init__(self, daemon: Daemon, *words: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mediad.ctl.main", "--admin-socket", daemon.admin_socket, *words],
            cwd=ROOT,
            env=clean_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    async def done(self) -> Said:
        out, err = await asyncio.to_thread(self.process.communicate, timeout=60)
        return Said(self.process.returncode, out, err)


async def mediactl(daemon: Daemon, *words: str) -> Said:
    return await Mediactl(daemon, *words).done()


def run(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(scenario, 240))


def losses(room: Couple) -> list[list[int]]:
    return [room.sender.losses, room.receiver.losses]


def test_a_node_drained_with_a_deadline_and_undrained() -> None:
    async def scenario() -> None:
        with Daemon(workers=2) as daemon:
            async with couples(daemon.ws_url, ["a", "b"]) as rooms:
                draining = Mediactl(daemon, "drain", "--deadline", "2")
                await until(lambda: daemon.get("/health")[0] == 503, "the drain to begin")
                assert daemon.get("/health")[1]["status"] == "draining"
                with pytest.raises(InvalidStatus) as refused:
                    await WebRtcClient.join(daemon.ws_url("new", "ana"), "ana")
                assert refused.value.response.status_code == 503
                for room in rooms:
                    assert losses(room) == [[], []]
                    await room.flows()
                said = await draining.done()
                assert said.code == 0, said
                assert said.out == "the node is drained and takes no rooms; end that with: mediactl undrain\n"
                assert "2 rooms with 4 peers left, sent away in" in said.err
                assert daemon.stats()["totalRooms"] == 0
                await until(
                    lambda: [losses(room) for room in rooms] == [[[SERVICE_RESTART]] * 2] * 2,
                    "the close codes",
                )
                assert daemon.get("/health")[0] == 503
                assert (await mediactl(daemon, "undrain")).out == "the node takes rooms again\n"
                assert daemon.get("/health")[0] == 200
                for room in rooms:
                    await room.flows()

    run(scenario())


def test_a_worker_drained_by_moving_its_rooms() -> None:
    async def scenario() -> None:
        with Daemon(workers=2) as daemon:
            async with couples(daemon.ws_url, ["a", "b"]) as [moved, spared]:
                began_s = time.monotonic()
                again = asyncio.create_task(moved.media_again(began_s))
                said = await mediactl(daemon, "drain", "--worker", "0", "--move", "--json")
                assert said.code == 0, said
                assert json.loads(said.out.splitlines()[-1])["state"] == "drained"
                await again
                assert daemon.worker_of("a") == daemon.worker_of("b") == 1
                assert daemon.get("/health")[0] == 200
                await spared.flows()
                assert spared.sessions == (1, 1)
                assert await spared.receiver.packets_lost() == 0
                await mediactl(daemon, "undrain", "--worker", "0")
                again = asyncio.create_task(spared.media_again(time.monotonic()))
                assert "leaves worker 1" in (await mediactl(daemon, "room", "move", "b")).out
                await again
                assert daemon.worker_of("b") == 0

    run(scenario())


def test_all_workers_restarted_while_calls_go_on() -> None:
    async def scenario() -> None:
        with Daemon(workers=2) as daemon:
            async with couples(daemon.ws_url, ["a", "b"]) as rooms:
                before = daemon.worker_pids()
                restarting = Mediactl(daemon, "worker", "restart", "--all", "--move")
                health = []
                while restarting.process.poll() is None:
                    health.append(daemon.get("/health")[0])
                    await asyncio.sleep(0.1)
                said = await restarting.done()
                assert said.code == 0, said
                assert said.out == "worker 1: restarted\n"
                assert set(health) == {200}
                after = daemon.worker_pids()
                assert set(after) == {0, 1}
                assert not set(before.values()) & set(after.values())
                for room in rooms:
                    await room.flows()
                    assert all(set(codes) == {SERVICE_RESTART} for codes in losses(room))
                assert [worker["lastDeath"] for worker in daemon.get("/workers")[1]["workers"]] == [
                    None,
                    None,
                ]

    run(scenario())


def test_sigterm_during_traffic() -> None:
    """The calls get their grace, then everybody is told to come back, and no process is left."""

    async def scenario() -> None:
        with Daemon(workers=2, shutdown_grace_s=2) as daemon:
            async with couples(daemon.ws_url, ["a", "b"]) as rooms:
                pids = daemon.pids()
                os.kill(daemon.pid, signal.SIGTERM)
                await until(lambda: daemon.get("/health")[0] == 503, "the drain to begin")
                await rooms[0].flows()
                assert losses(rooms[0]) == [[], []]
                assert (await mediactl(daemon, "undrain")).code == 1
                await until(
                    lambda: [losses(room) for room in rooms] == [[[SERVICE_RESTART]] * 2] * 2,
                    "the close codes",
                )
                assert await asyncio.to_thread(daemon.wait_exit) == ExitCode.OK
                assert not any(alive(pid) for pid in pids)
                assert "mediad has stopped" in daemon.log

    run(scenario())
