"""Many honest clients who come at once: each sends a sound and a picture, and accepts whatever it is offered.

They speak protoo, and of ICE as much as keeps a transport alive: what is tried is the control path.
"""

from __future__ import annotations

import asyncio
import json
import socket as socket_module
import time
from typing import Any
from urllib.parse import urlencode

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from tests.support.media_peer import check_for
from tests.support.negotiation import chrome_opus, chrome_vp8

_PATIENCE_S = 60.0
_CHECK_INTERVAL_S = 4.0


class Member:
    """One of them."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._last_id = 0
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._reader = asyncio.create_task(self._read())
        self._transports: list[dict[str, Any]] = []
        self._udp = socket_module.socket(socket_module.AF_INET, socket_module.SOCK_DGRAM)
        self._checker = asyncio.create_task(self._keep_checking())
        self.offered: list[str] = []
        """The owner and the kind of the track of each consumer that was offered, as `peer/kind`."""
        self.flowing: set[str] = set()
        """Ids of consumers that were accepted and resumed: their score was told."""

    @classmethod
    async def enter(cls, url: str, room_id: str, peer_id: str) -> Member:
        """Connected, joined, and sending."""
        query = urlencode({"roomId": room_id, "peerId": peer_id})
        member = cls(await _connect(f"{url.replace('http', 'ws')}/?{query}"))
        capabilities = await member.request("getRouterRtpCapabilities")
        sending = await member.make_transport(producing=True)
        await member.make_transport(producing=False)
        await member.request("join", {"displayName": peer_id, "device": {}, "rtpCapabilities": capabilities})
        for kind, parameters in (("audio", chrome_opus()), ("video", chrome_vp8())):
            data = {"transportId": sending["id"], "kind": kind, "rtpParameters": parameters}
            await member.request("produce", data)
        return member

    async def closed(self) -> None:
        """Wait for the end of the connection."""
        await self._reader

    async def request(self, method: str, data: dict[str, Any] | None = None) -> Any:
        self._last_id += 1
        answer = self._answers[self._last_id] = asyncio.get_running_loop().create_future()
        message = {"request": True, "id": self._last_id, "method": method, "data": data or {}}
        await self._socket.send(json.dumps(message))
        return await asyncio.wait_for(answer, _PATIENCE_S)

    async def make_transport(self, *, producing: bool) -> dict[str, Any]:
        data = {"producing": producing, "consuming": not producing}
        created: dict[str, Any] = await self.request("createWebRtcTransport", data)
        self._transports.append(created)
        return created

    async def _keep_checking(self) -> None:
        while True:
            for created in self._transports:
                candidate = created["iceCandidates"][0]
                self._udp.sendto(check_for(created), (candidate["ip"], candidate["port"]))  # each a new one
            await asyncio.sleep(_CHECK_INTERVAL_S)

    async def leave(self) -> None:
        self._checker.cancel()
        self._udp.close()
        await self._socket.close()
        await self._reader

    async def _read(self) -> None:
        try:
            async for frame in self._socket:
                await self._take(json.loads(frame))
        except ConnectionClosed:
            pass

    async def _take(self, message: dict[str, Any]) -> None:
        if message.get("request"):
            self.offered.append(f"{message['data']['peerId']}/{message['data']['kind']}")
            await self._socket.send(json.dumps({"response": True, "id": message["id"], "ok": True}))
        elif message.get("response"):
            answer = self._answers.pop(message["id"])
            if message.get("ok"):
                answer.set_result(message.get("data"))
            else:
                answer.set_exception(AssertionError(message["errorReason"]))
        elif message["method"] == "consumerScore":
            self.flowing.add(message["data"]["consumerId"])


async def _connect(url: str) -> ClientConnection:
    """Connect as apps do it: again, while there is no worker."""
    deadline_s = time.monotonic() + _PATIENCE_S
    while True:
        try:
            return await connect(
                url,
                subprotocols=[Subprotocol("protoo")],
                compression=None,
                ping_interval=None,
                open_timeout=_PATIENCE_S,
            )
        except InvalidStatus as refusal:
            if refusal.response.status_code != 503 or time.monotonic() > deadline_s:
                raise
            await asyncio.sleep(0.2)


async def all_see_each_other(members: list[Member], patience_s: float) -> float:
    """Wait until each has been offered the tracks of all others, once, and they flow; seconds it took."""
    started_s = time.monotonic()
    wanted = 2 * (len(members) - 1)
    while any(len(member.flowing) < wanted for member in members):
        if time.monotonic() - started_s > patience_s:
            missing = sum(wanted - len(member.flowing) for member in members)
            raise AssertionError(f"{missing} of {wanted * len(members)} consumers do not flow")
        await asyncio.sleep(0.05)
    for member in members:
        assert len(member.offered) == len(set(member.offered)) == wanted
    return time.monotonic() - started_s
