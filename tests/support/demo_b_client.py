"""A protoo client that speaks dialect B of mediasoup-demo."""

from __future__ import annotations

from typing import Any

from websockets.asyncio.client import connect as open_socket
from websockets.typing import Subprotocol

from tests.support.signaling import Client, Front


class DemoBClient(Client):
    """A client as in `signaling.py`, with the words of dialect B."""

    async def join(self) -> dict[str, Any]:
        answer = await self.request("getRouterRtpCapabilities")
        self.capabilities = answer["routerRtpCapabilities"]
        self.sending = (await self.create_transport("producer"))["transportId"]
        self.receiving = (await self.create_transport("consumer"))["transportId"]
        return await self.enter()

    async def create_transport(self, direction: str) -> dict[str, Any]:
        data = {"forceTcp": False, "appData": {"direction": direction}}
        reply: dict[str, Any] = await self.request("createWebRtcTransport", data)
        return reply

    async def produce(self, kind: str, rtp_parameters: dict[str, Any], **app_data: Any) -> str:
        data = {
            "transportId": self.sending,
            "kind": kind,
            "rtpParameters": rtp_parameters,
            "appData": app_data,
        }
        reply: dict[str, str] = await self.request("produce", data)
        return reply["producerId"]

    async def notify(self, method: str, data: Any = None) -> None:
        await self.send({"notification": True, "method": method, "data": data})


async def connect(
    running: Front, peer_id: str, room_id: str = "room", *, told: bool = True, **query: str
) -> DemoBClient:
    """Connect; without `told`, the query does not say which dialect it is."""
    if told:
        query = {"usePipeTransports": "false", **query}
    url = running.url(roomId=room_id, peerId=peer_id, consumerReplicas="undefined", **query)
    return DemoBClient(await open_socket(url, subprotocols=[Subprotocol("protoo")], compression=None))


async def member(running: Front, peer_id: str, *, told: bool = True) -> DemoBClient:
    """Connected and joined, with both transports."""
    client = await connect(running, peer_id, told=told)
    await client.join()
    return client
