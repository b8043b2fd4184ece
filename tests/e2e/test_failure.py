"""Workers that are killed or hang under real media: who comes back, how soon, and who notices nothing.

Times are reported; only what shows that something waits for a time-out fails.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from tests.support.daemon import Daemon
from tests.support.loops import until_sync
from tests.support.returning_client import couples
from tests.support.webrtc_client import until
from tests.support.workers import alive

BREAKAGE_S = 10.0
SERVICE_RESTART = 1012

BUSY_S = float(os.environ.get("TEST_BUSY_S", "10"))
"""A minute proves more, and takes one; 0 leaves the others their cores."""

Report = Callable[[str], None]


@pytest.fixture
def report(capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest) -> Report:
    def say(text: str) -> None:
        with capsys.disabled():
            print(f"\n  {request.node.name}: {text}")

    return say


def run(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(scenario, 240))


@contextmanager
def busy_cores(seconds: float) -> Iterator[None]:
    """Two processes a core that only compute, and end by themselves whatever becomes of the test."""
    count = 2 * len(os.sched_getaffinity(0))
    code = f"import time\nend = time.monotonic() + {seconds}\nwhile time.monotonic() < end: pass"
    spinners = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(count)]
    try:
        yield
    finally:
        for spinner in spinners:
            spinner.kill()
            spinner.wait()


async def worker_is_back(daemon: Daemon, worker_id: int, old_pid: int) -> None:
    def back() -> bool:
        return daemon.worker_pids().get(worker_id, old_pid) != old_pid

    await until(back, f"worker {worker_id} to be replaced")


def test_a_worker_killed_under_four_rooms(report: Report) -> None:
    """Two of them are on it and come back on the other; the other two lose nothing."""

    async def scenario() -> None:
        with Daemon(workers=2) as daemon:
            async with couples(daemon.ws_url, ["a", "b", "c", "d"]) as rooms:
                homes = [daemon.worker_of(room.room_id) for room in rooms]
                assert sorted(homes) == [0, 0, 1, 1]
                worker_id = homes[0]
                hit, spared = (
                    [room for room, home in zip(rooms, homes, strict=True) if (home == worker_id) == wanted]
                    for wanted in (True, False)
                )
                pid = daemon.worker_pids()[worker_id]
                began_s = time.monotonic()
                os.kill(pid, signal.SIGKILL)
                times = await asyncio.gather(*(room.media_again(began_s) for room in hit))
                report("media again after " + ", ".join(f"{time_s:.2f} s" for time_s in times))
                assert max(times) < BREAKAGE_S
                assert [client.losses for room in hit for client in (room.sender, room.receiver)] == [
                    [SERVICE_RESTART]
                ] * 4
                for room in spared:
                    await room.flows()
                    assert await room.receiver.packets_lost() == 0
                    assert room.sessions == (1, 1)
                await worker_is_back(daemon, worker_id, pid)

    run(scenario())


def test_a_lone_worker_killed_again_and_again(report: Report) -> None:
    async def scenario() -> None:
        with Daemon(workers=1) as daemon:
            async with couples(daemon.ws_url, ["a"]) as [room]:
                times = []
                for _ in range(3):
                    pid = daemon.worker_pids()[0]
                    began_s = time.monotonic()
                    os.kill(pid, signal.SIGKILL)
                    times.append(await room.media_again(began_s))
                report("media again after " + ", ".join(f"{time_s:.2f} s" for time_s in times))
                assert max(times) < BREAKAGE_S
                assert daemon.get("/health")[1]["problems"] == []

    run(scenario())


def test_a_stopped_worker_is_found_and_replaced(report: Report) -> None:
    async def scenario() -> None:
        with Daemon(workers=2) as daemon:
            async with couples(daemon.ws_url, ["a", "b"]) as [hit, spared]:
                worker_id = daemon.worker_of(hit.room_id)
                pid = daemon.worker_pids()[worker_id]
                began_s = time.monotonic()
                os.kill(pid, signal.SIGSTOP)
                again = asyncio.create_task(hit.media_again(began_s))
                await worker_is_back(daemon, worker_id, pid)
                replaced_s = time.monotonic() - began_s
                report(f"replaced after {replaced_s:.2f} s, media again after {await again:.2f} s")
                assert not alive(pid)
                assert "it did not answer for 5 s" in daemon.log
                await spared.flows()
                assert spared.sessions == (1, 1)
                assert await spared.receiver.packets_lost() == 0

    run(scenario())


@pytest.mark.skipif(BUSY_S == 0, reason="TEST_BUSY_S=0: it takes all cores from everybody")
def test_busy_cores_are_no_reason_to_replace_a_worker() -> None:
    async def scenario() -> None:
        with Daemon(workers=2) as daemon:
            async with couples(daemon.ws_url, ["a", "b"]) as rooms:
                pids = daemon.worker_pids()
                with busy_cores(BUSY_S):
                    await asyncio.sleep(BUSY_S)
                for room in rooms:
                    await room.flows()  # its clients had no time either, and may have had to come back
                assert daemon.worker_pids() == pids
                assert "did not answer" not in daemon.log

    run(scenario())


def test_a_port_taken_while_its_worker_was_down_is_named_and_waited_for() -> None:
    with Daemon(workers=2) as daemon:
        pid = daemon.worker_pids()[1]
        os.kill(pid, signal.SIGKILL)
        with socket.socket(type=socket.SOCK_DGRAM) as taken:
            until_sync(lambda: bound(taken, daemon.rtc_base_port + 1000))
            until_sync(lambda: daemon.get("/health")[1]["status"] == "degraded")
            status, health = daemon.get("/health")
            assert (status, health["workersReady"]) == (200, 1)
            assert (
                f"UDP port {daemon.rtc_base_port + 1000} on 127.0.0.1 is already in use"
                in health["problems"][0]
            )
        until_sync(lambda: len(daemon.worker_pids()) == 2)


def bound(sock: socket.socket, port: int) -> bool:
    """Return True when `sock` has the port, which the last owner may not have closed yet."""
    with suppress(OSError):
        sock.bind(("127.0.0.1", port))
        return True
    return False


def test_a_supervisor_killed_9_takes_a_stopped_worker_with_it() -> None:
    with Daemon(workers=2) as daemon:
        pids = daemon.worker_pids()
        os.kill(pids[0], signal.SIGSTOP)
        os.kill(daemon.pid, signal.SIGKILL)
        assert daemon.stop() == []


@asynccontextmanager
async def connected(daemon: Daemon, room_ids: list[str]) -> AsyncIterator[list[dict[str, list[str]]]]:
    """A peer in each room; what the distribution was after each of them."""
    async with AsyncExitStack() as stack:
        distributions: list[dict[str, list[str]]] = []
        for room_id in room_ids:
            url = daemon.ws_url(room_id, "ana")
            await stack.enter_async_context(connect(url, subprotocols=[Subprotocol("protoo")]))
            await until(lambda: daemon.stats()["totalRooms"] > len(distributions), "the room")
            distributions.append(daemon.stats()["distribution"])
        yield distributions


def test_rooms_are_placed_by_the_definition() -> None:
    """20 rooms on 4 idle workers: each goes to one that has fewest."""

    async def scenario() -> None:
        with Daemon(workers=4) as daemon:
            async with connected(daemon, [f"room{n}" for n in range(20)]) as placed:
                for turn, distribution in enumerate(placed):
                    counts = [len(rooms) for rooms in distribution.values()]
                    assert max(counts) - min(counts) <= 1, f"after {turn + 1} rooms: {distribution}"
                assert [len(rooms) for rooms in placed[-1].values()] == [5] * 4

    run(scenario())
