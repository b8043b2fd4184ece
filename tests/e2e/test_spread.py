"""One room on two workers under real media: what goes through the pipe, and what a worker's death costs.

Times are reported; only what shows that something is broken, or waits for a time-out, fails. With
`SPREAD_PEERS=12` it is a whole meeting, which needs the machine for itself; otherwise there are four.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.daemon import Daemon
from tests.support.mediactl import run_mediactl
from tests.support.returning_client import ReturningClient
from tests.support.webrtc_client import WebRtcClient, until

PEERS = int(os.environ.get("SPREAD_PEERS", "4"))
SENDERS = 4
"""The number of those who speak: aiortc cannot decode everybody for everybody."""
BREAKAGE_S = 10.0
SERVICE_RESTART = 1012
Report = Callable[[str], None]


@pytest.fixture
def report(capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest) -> Report:
    def say(text: str) -> None:
        with capsys.disabled():
            print(f"\n  {request.node.name}: {text}")

    return say


def run(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(scenario, 240))


@asynccontextmanager
async def meeting(daemon: Daemon, count: int = PEERS) -> AsyncIterator[list[WebRtcClient]]:
    """Peers of the room "hall", by turns on either worker."""
    async with AsyncExitStack() as stack:
        clients = []
        for number in range(count):
            url = daemon.ws_url("hall", f"peer{number}")
            client = await WebRtcClient.join(url, f"peer{number}", data=True)
            clients.append(await stack.enter_async_context(client))
        yield clients


async def all_hear(clients: list[WebRtcClient], sender: WebRtcClient, producer_id: str) -> None:
    others = [client for client in clients if client is not sender]
    await asyncio.gather(*(client.received(producer_id) for client in others))


async def until_all_know(clients: list[WebRtcClient], method: str, producer_id: str, began_s: float) -> float:
    """Return the seconds from `began_s` until every other client was told `method` of this producer."""

    def told(client: WebRtcClient) -> bool:
        ids = {received.id for received in client.consumers.values() if received.producer_id == producer_id}
        return any(name == method and data["consumerId"] in ids for name, data in client.notifications)

    await until(lambda: all(map(told, clients)), method)
    return time.monotonic() - began_s


def test_a_meeting_on_two_workers(report: Report) -> None:
    async def scenario() -> None:
        with Daemon(workers=2, room_spread=2) as daemon:
            async with meeting(daemon) as clients:
                first = clients[0]
                talking = clients[:SENDERS]
                sent = [await client.produce_audio(400 + 40 * n) for n, client in enumerate(talking)]
                sent_video = await first.produce_video()
                await asyncio.gather(*(all_hear(clients, *pair) for pair in zip(talking, sent, strict=True)))
                await all_hear(clients, first, sent_video)
                others = clients[1:]
                times = {}
                for what, method in (("pause", "consumerPaused"), ("resume", "consumerResumed")):
                    began_s = time.monotonic()
                    await first.request(f"{what}Producer", {"producerId": sent_video})
                    times[what] = await until_all_know(others, method, sent_video, began_s)
                    if what == "resume":
                        await all_hear(clients, first, sent_video)
                channel = await first.open_channel("chat")
                await until(lambda: all(len(c.channels) >= 2 for c in others), "the chat's data consumers")
                channel.send("good morning")
                await until(lambda: all(("chat", "good morning") in c.messages for c in others), "the chat")
                shown = run_mediactl(daemon.admin_socket, "room", "show", "hall")
                report(f"\n{shown.out}")
                assert shown.row("worker") == ["worker", "0,", "1"]
                began_s = time.monotonic()
                await first.request("closeProducer", {"producerId": sent_video})
                times["close"] = await until_all_know(others, "consumerClosed", sent_video, began_s)
                report(", ".join(f"{what} known to all after {s * 1000:.0f} ms" for what, s in times.items()))
                assert max(times.values()) < BREAKAGE_S
                began_s = time.monotonic()
                for number in range(2):  # one of them is on either worker
                    url = daemon.ws_url("hall", f"late{number}")
                    async with await WebRtcClient.join(url, f"late{number}") as late:
                        await late.received(sent[0], frames=1)
                        late_s = time.monotonic() - began_s
                        report(f"a latecomer heard the first frame {late_s * 1000:.0f} ms after it had asked")
                    began_s = time.monotonic()

    run(scenario())


class Gap:
    """The longest time in which a client's ear got no new frame, from one moment to another."""

    def __init__(self, client: WebRtcClient, producer_id: str) -> None:
        (self._received,) = [r for r in client.consumers.values() if r.producer_id == producer_id]
        self.longest_s = 0.0
        self._task = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        frames, since_s = self._received.meter.frames, time.monotonic()
        while True:
            await asyncio.sleep(0.005)
            if self._received.meter.frames != frames:
                frames, since_s = self._received.meter.frames, time.monotonic()
            self.longest_s = max(self.longest_s, time.monotonic() - since_s)

    def stop(self) -> float:
        self._task.cancel()
        return self.longest_s


async def until_on(daemon: Daemon, peers: dict[str, int]) -> None:
    """Wait until these peers are on these workers."""

    async def there() -> dict[str, int]:
        said = await asyncio.to_thread(run_mediactl, daemon.admin_socket, "peers", "--json")
        return {peer["peerId"]: peer["workerId"] for peer in json.loads(said.out)["peers"]}

    deadline_s = time.monotonic() + 20
    while peers.items() - (await there()).items():
        assert time.monotonic() < deadline_s, f"waited for {peers}"
        await asyncio.sleep(0.1)


@asynccontextmanager
async def three_and_one_on(worker_id: int, daemon: Daemon) -> AsyncIterator[Four]:
    """Two clients that stay, with a sound from one to the other; a sender and a receiver that come back.

    The latter are on this worker, the former on the other one.
    """
    async with AsyncExitStack() as stack:
        staying: list[WebRtcClient] = []
        moving: list[ReturningClient] = []
        names = (
            ["ana", "sender", "ben", "receiver"] if worker_id == 1 else ["sender", "ana", "receiver", "ben"]
        )
        for name in names:
            url = daemon.ws_url("hall", name)
            if name in ("ana", "ben"):
                staying.append(await stack.enter_async_context(await WebRtcClient.join(url, name)))
            else:
                moving.append(ReturningClient(url, name, sends=name == "sender"))
                stack.push_async_callback(moving[-1].stop)
                await until(lambda: moving[-1].sessions == 1, f"{name} in the room")
        sound = await staying[0].produce_audio()
        await staying[1].received(sound)
        await until(lambda: moving[1].frames > 10, "media across the pipe")
        await until_on(daemon, {"sender": worker_id, "receiver": worker_id, "ana": 1 - worker_id})
        yield Four(staying, moving, sound)


@dataclass
class Four:
    """The clients of a room on two workers."""

    staying: list[WebRtcClient]
    moving: list[ReturningClient]
    sound: str
    """The producer of the first who stays, which the second hears."""


@pytest.mark.parametrize("worker_id", [1, 0], ids=["a branch", "home"])
def test_a_worker_of_the_room_is_killed(worker_id: int, report: Report) -> None:
    async def scenario() -> None:
        with Daemon(workers=2, room_spread=2) as daemon:
            async with three_and_one_on(worker_id, daemon) as room:
                sender, receiver = room.moving
                old = receiver.client
                gap = Gap(room.staying[1], room.sound)
                began_s = time.monotonic()
                os.kill(daemon.worker_pids()[worker_id], signal.SIGKILL)
                await until(lambda: receiver.client is not old and receiver.frames > 0, "media again", 60)
                again_s = time.monotonic() - began_s
                await room.staying[1].received(room.sound, frames=50)
                longest_s = gap.stop()
                report(
                    f"media again after {again_s:.2f} s; "
                    f"the longest time between two frames of the others was {longest_s * 1000:.0f} ms"
                )
                assert again_s < BREAKAGE_S
                assert longest_s < BREAKAGE_S
                assert (sender.losses, receiver.losses) == ([SERVICE_RESTART], [SERVICE_RESTART])
                found = await room.staying[1].consumer_of(room.sound)
                assert not found.closed
                [lost] = await found.consumer.getStats()
                assert sum(s.packetsLost for s in lost.values() if s.type == "inbound-rtp") == 0
                ears = room.staying[0].consumers.values()
                (again,) = [r for r in ears if r.peer_id == "sender" and not r.closed]
                await until(lambda: again.meter.frames > 10, "the sender is heard by those who stayed")
                assert daemon.get("/health")[1]["problems"] == []

    run(scenario())
