"""mediactl on a real daemon with real media: what it shows is true, and what it does is felt."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Coroutine, Iterator
from typing import Any

import pytest

from mediad.ctl.exits import CtlExit
from tests.support.daemon import ROOT, Daemon, clean_environment
from tests.support.mediactl import ask_mediactl, mediactl
from tests.support.webrtc_client import WebRtcClient, until

STAY_AWAY, COME_BACK = 4000, 1012


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    with Daemon(workers=2) as running:
        yield running


def run(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(scenario, 120))


async def join(daemon: Daemon, room_id: str, peer_id: str) -> WebRtcClient:
    return await WebRtcClient.join(daemon.ws_url(room_id, peer_id), peer_id)


def test_what_it_shows_of_a_call(daemon: Daemon) -> None:
    async def scenario() -> None:
        socket = daemon.admin_socket
        async with await join(daemon, "shown", "ana") as ana, await join(daemon, "shown", "ben") as ben:
            producer_id = await ana.produce_audio()
            received = await ben.received(producer_id, frames=50)
            room = await ask_mediactl(socket, "room", "show", "shown")
            assert room["workerId"] == daemon.worker_of("shown")
            assert [peer["peerId"] for peer in room["peers"]] == ["ana", "ben"]
            peers = (await mediactl(socket, "peers", "--room", "shown")).out
            assert [line.split()[:3] for line in peers.splitlines()[1:]] == [
                ["shown", "ana", "Ana"],
                ["shown", "ben", "Ben"],
            ]
            sender, receiver = [
                await ask_mediactl(socket, "peer", "show", "shown", name) for name in ("ana", "ben")
            ]
            assert [(track["producerId"], track["kind"]) for track in sender["sends"]] == [
                (producer_id, "audio")
            ]
            assert sender["sends"][0]["streams"][0]["packetCount"] > 0
            assert [(track["consumerId"], track["fromPeerId"]) for track in receiver["receives"]] == [
                (received.id, "ana")
            ]
            assert {t["dtlsState"] for t in (*sender["transports"], *receiver["transports"])} >= {"connected"}
            assert sender["recvBitrate"] > 1000
            assert receiver["sendBitrate"] > 1000
            assert (await mediactl(socket, "peer", "show", "shown", "ana")).row(producer_id)[1] == "audio"
            picture = await ask_mediactl(socket, "top", "--count", "1")
            (shown,) = (entry for entry in picture["busiest"] if entry["roomId"] == "shown")
            assert {member["peerId"] for member in shown["members"]} == {"ana", "ben"}
            assert shown["recvBitrate"] > 1000
            assert "shown" in (await mediactl(socket, "top", "--count", "1")).out
            counters = (await mediactl(socket, "stats")).row("counters.datagrams_received")
            assert max(map(int, counters[1:])) > 50

    run(scenario())


def test_kicking_and_closing_are_for_good(daemon: Daemon) -> None:
    async def scenario() -> None:
        socket = daemon.admin_socket
        ana, ben, cid = [await join(daemon, "ended", name) for name in ("ana", "ben", "cid")]
        said = await mediactl(socket, "peer", "kick", "ended", "ben", "--reason", "too loud")
        assert (said.code, said.out) == (CtlExit.OK, "peer ben was removed from ended\n")
        assert await ben.protoo.closed() == (STAY_AWAY, "too loud")
        await ana.notified("peerClosed", peerId="ben")
        said = await mediactl(socket, "room", "close", "ended")
        assert said.out == "room ended is closed; it held 2 peers\n"
        assert (await ana.protoo.closed())[0] == (await cid.protoo.closed())[0] == STAY_AWAY
        await until(lambda: daemon.stats()["totalRooms"] == 0, "the room is gone")
        for client in (ana, ben, cid):
            await client.close()

    run(scenario())


def test_a_moved_room_opens_on_the_other_worker(daemon: Daemon) -> None:
    async def scenario() -> None:
        ana = await join(daemon, "moved", "ana")
        before = daemon.worker_of("moved")
        assert (await mediactl(daemon.admin_socket, "room", "move", "moved")).code == CtlExit.OK
        assert (await ana.protoo.closed())[0] == COME_BACK
        async with await join(daemon, "moved", "ana") as again, await join(daemon, "moved", "ben") as ben:
            assert daemon.worker_of("moved") != before
            await ben.received(await again.produce_audio())
        await ana.close()

    run(scenario())


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("room", "show", "nowhere"), 'room with id "nowhere" not found'),
        (("room", "close", "nowhere"), 'room with id "nowhere" not found'),
        (("peer", "kick", "nowhere", "ana"), 'room with id "nowhere" not found'),
    ],
)
def test_what_is_not_there(daemon: Daemon, words: tuple[str, ...], reason: str) -> None:
    async def scenario() -> None:
        said = await mediactl(daemon.admin_socket, *words)
        assert (said.code, said.out, said.err) == (CtlExit.REFUSED, "", f"mediactl: {reason}\n")

    run(scenario())


def test_watching_ends_with_ctrl_c_and_leaves_nothing(daemon: Daemon) -> None:
    command = [sys.executable, "-m", "mediad.ctl.main", "--admin-socket", daemon.admin_socket]
    watching = subprocess.Popen(
        [*command, "top", "--json", "--interval", "0.5"],
        cwd=ROOT,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert watching.stdout is not None
    pictures = [json.loads(watching.stdout.readline()) for _ in range(2)]
    assert all(picture["status"] == "ok" for picture in pictures)
    watching.send_signal(signal.SIGINT)
    _, error = watching.communicate(timeout=20)
    assert (watching.returncode, error) == (CtlExit.OK, "")
