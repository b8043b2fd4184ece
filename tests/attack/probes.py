"""Joins beside a call under attack: `python -m tests.attack.probes FRONT_PORT SECRET`, a process of its own.

Each is a newcomer with an address of its own: WebSocket, capabilities, a transport, ICE, DTLS, join. A line
for each on stdout says when it began, how long it took, and what kept it from joining.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import time
from contextlib import suppress
from typing import Any

import uvloop
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from tests.attack.target import token
from tests.support.media_peer import MediaPeer
from tests.support.protoo_client import ProtooClient

INTERVAL_S, PATIENCE_S = 0.2, 10.0


async def _answer(method: str, data: dict[str, Any]) -> dict[str, Any]:
    return {}


async def join(front_port: int, secret: str, number: int) -> None:
    """Join a room of one's own, and leave it."""
    room_id, peer_id = f"newcomers-{number % 50}", f"n{number}"
    host = f"127.0.2.{1 + number % 250}"
    admission = token(secret, room_id, peer_id)
    url = f"ws://127.0.0.1:{front_port}/?roomId={room_id}&peerId={peer_id}&token={admission}"
    socket = await connect(
        url, subprotocols=[Subprotocol("protoo")], compression=None, ping_interval=None, local_addr=(host, 0)
    )
    client = ProtooClient(socket, _answer, lambda *_: None)
    media: MediaPeer | None = None
    try:
        capabilities = await client.request("getRouterRtpCapabilities")
        created = await client.request("createWebRtcTransport", {"producing": False, "consuming": True})
        media = MediaPeer(created, host=host)
        await client.request(
            "connectWebRtcTransport", {"transportId": created["id"], "dtlsParameters": media.dtls.parameters}
        )
        await media.connect()
        await client.request("join", {"displayName": "n", "device": {}, "rtpCapabilities": capabilities})
    finally:
        if media is not None:
            media.close()
        socket.transport.close()


async def probe(front_port: int, secret: str, number: int) -> None:
    began_s, started_s, error = time.time(), time.monotonic(), None
    try:
        async with asyncio.timeout(PATIENCE_S):
            await join(front_port, secret, number)
    except Exception as wrong:  # whatever it is, this one did not join
        error = f"{type(wrong).__name__}: {wrong}"[:200]
    took_s = time.monotonic() - started_s
    print(json.dumps({"began_s": began_s, "took_s": took_s, "error": error}), flush=True)


async def main(front_port: int, secret: str) -> None:
    running: set[asyncio.Task[None]] = set()
    for number in itertools.count():
        task = asyncio.create_task(probe(front_port, secret, number))
        running.add(task)
        task.add_done_callback(running.discard)
        await asyncio.sleep(INTERVAL_S)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(int(sys.argv[1]), sys.argv[2]))
