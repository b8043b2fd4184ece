"""Faults of the machine and greedy peers beside a call: what it costs, and that others go on."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import psutil
import pytest
from websockets.exceptions import WebSocketException

from tests.attack.arena import arena
from tests.attack.people import Person
from tests.support.daemon import Daemon
from tests.support.daemons import MEDIAD, running
from tests.support.doomed_daemon import COMMAND as DOOMED
from tests.support.loops import on_loop, until_sync
from tests.support.mediactl import run_mediactl
from tests.support.memory_group import available, memory_group
from tests.support.ports import free_media_ports
from tests.support.protoo_client import Refused
from tests.support.rtp_samples import opus, vp8

SECRET = secrets.token_hex(32)


@pytest.mark.slow
def test_a_worker_that_dies_again_and_again_is_started_less_and_less_often() -> None:
    """The other one serves, and /health says what goes on."""
    arguments = ("--workers", "2", "--rtc-base-port", str(free_media_ports(2)))
    with running(*arguments, command=DOOMED) as daemon:
        daemon.wait_ready()

        def told() -> str | None:
            problems = daemon.get("health")[1]["problems"]
            return next((problem for problem in problems if "times in a row" in problem), None)

        until_sync(told, 60)
        status, health = daemon.get("health")
        assert (status, health["status"]) == (200, "degraded")
        assert "worker 0" in str(health["problems"])
        assert daemon.url is not None
        port = urlsplit(daemon.url).port
        assert port is not None

        async def joins() -> None:
            person = await Person.enter(port, SECRET, "room", "somebody", sends=True)
            await (await person.connect()).join(receives=False)
            await person.leave()

        asyncio.run(asyncio.wait_for(joins(), 30))


@pytest.mark.skipif(not available(), reason="control groups cannot be made here")
def test_a_worker_without_memory_dies_alone() -> None:
    """The kernel kills it; the rooms of the other one lose nothing, and it is replaced."""
    with Daemon(workers=2, jwt_secrets=SECRET) as daemon:

        async def rooms() -> None:
            calls = [
                await (await Person.enter(daemon.port, SECRET, room, "a", sends=True)).connect()
                for room in ("one", "two")
            ]
            homes = [daemon.worker_of(room) for room in ("one", "two")]
            assert sorted(homes) == [0, 1]
            pids = daemon.worker_pids()
            with memory_group(128 << 10) as group:
                (group / "cgroup.procs").write_text(str(pids[homes[0]]))
                await greedy(calls[0])
                await asyncio.to_thread(
                    until_sync,
                    lambda: daemon.worker_pids().get(homes[0], pids[homes[0]]) != pids[homes[0]],
                    60,
                )
            assert daemon.worker_pids()[homes[1]] == pids[homes[1]]
            assert await calls[1].client.request("getRouterRtpCapabilities")
            calls[0].media.close()
            await calls[1].leave()

        asyncio.run(asyncio.wait_for(rooms(), 120))
        assert "SIGKILL" in daemon.log
        said = run_mediactl(daemon.admin_socket, "status", "--json")
        assert json.loads(said.out)["workersReady"] == 2


async def greedy(person: Person) -> None:
    """Have the worker allocate until it ends, which takes the person along."""
    await person.join(receives=True)
    streams = {"numStreams": {"OS": 1024, "MIS": 1024}}
    with contextlib.suppress(ConnectionError, TimeoutError, WebSocketException):
        for ssrc in range(1, 60):
            data = {"transportId": person.transport["id"], "kind": "video"}
            with contextlib.suppress(Refused):
                await person.client.request(
                    "produce", {**data, "rtpParameters": vp8(f"m{ssrc}", 1000 * ssrc)}
                )
            with contextlib.suppress(Refused):
                asked = {"producing": True, "consuming": False, "sctpCapabilities": streams}
                await person.client.request("createWebRtcTransport", asked)


def test_a_call_goes_on_while_nobody_reads_the_log() -> None:
    """Standard error is a full pipe, and every message is logged."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writer, bytes(4096))
    os.set_blocking(writer, True)
    try:
        with arena(log_to=writer, log_level="debug") as place:
            seen = place.rest(6)
            assert place.problem() is None
            assert (seen.failed, seen.loss < 0.01, len(seen.joins_s) > 10) == ([], True, True), seen
            said = run_mediactl(place.daemon.admin_socket, "status", "--json")
            assert said.code == 0, said.err
    finally:
        os.close(reader)
        os.close(writer)


DESCRIPTORS = 256


def test_without_descriptors_newcomers_are_told_and_rooms_go_on() -> None:
    command = ("prlimit", f"--nofile={DESCRIPTORS}:{DESCRIPTORS}", *MEDIAD)
    with (
        running("--workers", "1", "--jwt-secrets", SECRET, command=command) as daemon,
        contextlib.ExitStack() as stack,
    ):
        daemon.wait_ready()
        assert daemon.url is not None
        port = urlsplit(daemon.url).port
        assert port is not None

        async def scenario() -> None:
            person = await Person.enter(port, SECRET, "room", "a", sends=True)
            await (await person.connect()).join(receives=False)
            answers = await asyncio.to_thread(take_all_places, stack, port)
            assert answers, "nobody was refused"
            heads = {answer.split(b"\r\n")[0][9:12] for answer in answers}
            assert heads <= {b"503", b"429"}, heads
            assert any(b"connections" in answer for answer in answers), answers[0]
            await person.send_opus(77)
            await person.leave()

        asyncio.run(asyncio.wait_for(scenario(), 60))


def take_all_places(stack: contextlib.ExitStack, port: int) -> list[bytes]:
    """Connect until nobody is let in any more; the refusals."""
    refused = []
    for _ in range(DESCRIPTORS + 20):
        stranger = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        stranger.settimeout(0.02)
        with contextlib.suppress(TimeoutError, ConnectionError):
            refused.append(stranger.recv(2000))
    return [answer for answer in refused if answer]


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    with Daemon(workers=1, jwt_secrets=SECRET) as daemon:
        yield daemon


def worker_rss(daemon: Daemon) -> int:
    (pid,) = daemon.worker_pids().values()
    return int(psutil.Process(pid).memory_info().rss)


@on_loop
async def test_a_peer_that_asks_for_a_thousand_of_everything(daemon: Daemon) -> None:
    """Limits with names meet it, and the memory of its worker hardly grows."""
    person = await (await Person.enter(daemon.port, SECRET, "greedy", "a", sends=True)).connect()
    await person.join(receives=True)
    await person.send_opus(1)
    before = worker_rss(daemon)
    refusals: list[str] = []

    async def ask(method: str, data: dict[str, object]) -> bool:
        try:
            await person.client.request(method, data)
        except Refused as refused:
            refusals.append(str(refused))
            return False
        return True

    transport_id = person.transport["id"]
    producing = [
        {"transportId": transport_id, "kind": "audio", "rtpParameters": opus(f"m{number}", number)}
        for number in range(10, 1010)
    ]
    made = sum([await ask("produce", data) for data in producing])
    assert made < 100
    transports = sum([await ask("createWebRtcTransport", {"producing": True}) for _ in range(100)])
    assert transports < 20
    many = {**opus("many", 5), "encodings": [{"ssrc": number} for number in range(1, 65_535)]}
    data = {"transportId": transport_id, "kind": "audio", "rtpParameters": many}
    with contextlib.suppress(ConnectionError):
        assert not await ask("produce", data)
    assert all(refusals)
    assert worker_rss(daemon) - before < 32 << 20
    person.media.close()
