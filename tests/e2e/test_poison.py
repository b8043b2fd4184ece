"""A request that crashes workers, sent again and again by a client that comes back."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from typing import Any

import pytest

from tests.support.daemons import Daemon, running
from tests.support.loops import on_loop, until
from tests.support.ports import free_media_ports
from tests.support.protoo_client import ProtooClient, Refused
from tests.support.rtp_samples import opus
from tests.support.trapped_daemon import COMMAND


async def no_requests(method: str, data: dict[str, Any]) -> dict[str, Any]:
    raise Refused(403, method)


async def enter(daemon: Daemon, peer_id: str) -> tuple[ProtooClient, str]:
    """A client in the room, and the id of a transport it can send on."""
    assert daemon.url is not None
    url = f"{daemon.url.replace('http', 'ws')}?roomId=room&peerId={peer_id}"
    client = await ProtooClient.open(url, no_requests, lambda *_: None)
    transport = await client.request(
        "createWebRtcTransport", {"forceTcp": False, "producing": True, "consuming": False}
    )
    await client.request("join", {"displayName": peer_id, "device": {}})
    return client, transport["id"]


async def produce(client: ProtooClient, transport_id: str, ssrc: int, **changes: Any) -> Any:
    data = {"transportId": transport_id, "kind": "audio", "rtpParameters": {**opus(ssrc=ssrc), **changes}}
    return await client.request("produce", data)


@pytest.mark.parametrize("mid", ["trap", "mine"], ids=["at once", "after the answer"])
@on_loop
async def test_it_costs_two_workers_and_no_third(mid: str) -> None:
    arguments = ("--workers", "2", "--rtc-base-port", str(free_media_ports(2)))
    with running(*arguments, command=COMMAND) as daemon:
        await asyncio.to_thread(daemon.wait_ready)
        for deaths, ssrc in enumerate((1111, 2222), start=1):
            mallory, transport_id = await enter(daemon, "mallory")
            with nullcontext() if mid == "mine" else pytest.raises((Refused, ConnectionError)):
                await produce(mallory, transport_id, ssrc, mid=mid)
            assert await mallory.closed() == (1012, "media worker died")
            await until(lambda: daemon.log.count(" ready, pid ") == 2 + deaths)
        pids = daemon.worker_pids()
        mallory, transport_id = await enter(daemon, "mallory")
        ben, _ = await enter(daemon, "ben")
        with pytest.raises(Refused, match=r"producer\.create is refused"):
            await produce(mallory, transport_id, 3333, mid=mid)
        assert await produce(mallory, transport_id, 4444)
        await ben.request("getRouterRtpCapabilities")
        assert daemon.worker_pids() == pids
        assert "a request has crashed workers twice: the same one is refused" in daemon.log
        for client in (mallory, ben):
            await client.close()
