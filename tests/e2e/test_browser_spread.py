"""Chromium in one room on two workers: layers change across the pipe, and all peers see each other.

`SPREAD_PEERS=12` is a whole meeting, and needs the machine for itself; otherwise there are four.
"""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.e2e.test_browser_layers import change_layers
from tests.support.browser import Tab, Tabs
from tests.support.daemon import Daemon
from tests.support.layer_record import recording
from tests.support.mediactl import run_mediactl
from tests.support.webrtc_client import Received, WebRtcClient, until

TABS, SPEAKERS = ("ana", "ben"), ("robot0", "robot1")
ROBOTS = int(os.environ.get("SPREAD_PEERS", "4")) - len(TABS)
"""The number of aiortc's peers."""


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    """A daemon whose rooms are on two workers: the sender, who comes first, is on the first one."""
    with Daemon(workers=2, room_spread=2) as daemon:
        yield daemon


@pytest.mark.parametrize("name", ["vp8-simulcast", "vp9-k-svc"])
def test_layers_change_across_a_pipe(
    tabs: Tabs, daemon: Daemon, room_id: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with recording(daemon.rtc_base_port) as record:
        change_layers(tabs, record, room_id, name, capsys)
    assert [room_id in rooms for rooms in daemon.stats()["distribution"].values()] == [True, True]


async def visit(url: str, peer_id: str, staying: asyncio.Event) -> int:
    """See everybody who sends a picture, until told; some of them speak. Return the number of frames seen."""
    async with await WebRtcClient.join(url, peer_id) as client:
        if peer_id in SPEAKERS:
            await client.produce_audio()
        await until(lambda: len(pictures(client)) == len(TABS), f"{peer_id}: pictures of all", 60)
        await until(
            lambda: all(picture.meter.frames > 10 for picture in pictures(client)), "their frames", 60
        )
        await staying.wait()
        return sum(picture.meter.frames for picture in pictures(client))


def pictures(client: WebRtcClient) -> list[Received]:
    return [one for one in client.consumers.values() if one.kind == "video" and not one.closed]


def test_browsers_and_others_meet_on_two_workers(tabs: Tabs, daemon: Daemon, room_id: str) -> None:
    """Chromium and aiortc, each on either worker; all see and hear each other."""
    everybody = [tabs.open(room_id, name) for name in TABS]
    names = [f"robot{number}" for number in range(ROBOTS)]
    with running_loop() as loop:
        staying = asyncio.Event()
        visits = [
            asyncio.run_coroutine_threadsafe(visit(daemon.ws_url(room_id, name), name, staying), loop)
            for name in names
        ]
        try:
            for tab in everybody:
                for other in {*TABS} - {tab.peer_id}:
                    tab.until_flowing(other)
                for name in SPEAKERS:
                    until_heard(tab, name)
        finally:
            loop.call_soon_threadsafe(staying.set)
            frames = [done.result(120) for done in visits]
    assert min(frames) > 10 * len(TABS)
    peers = run_mediactl(daemon.admin_socket, "room", "show", room_id, "--json")
    assert [branch["peers"] > 0 for branch in json.loads(peers.out)["branches"]] == [True, True]


def until_heard(tab: Tab, name: str) -> None:
    tab.until(f"the sound of {name}", lambda: tab.flows(name, None) or None)


@contextmanager
def running_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop in a thread of its own: Playwright has that of this one."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
