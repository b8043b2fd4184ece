"""A broadcaster of dialect A: it asks for everything over HTTP, with real media by aiortc."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from typing import Any

from pymediasoup import AiortcHandler, Device
from pymediasoup.rtp_parameters import RtpCapabilities, RtpParameters

from tests.support.media import Meter
from tests.support.webrtc_client import Received, WebRtcClient


class WebRtcBroadcaster(WebRtcClient):
    """A client as in `webrtc_client.py` whose requests are HTTP requests."""

    base: str

    @classmethod
    async def create(cls, server_url: str, room_id: str, peer_id: str) -> WebRtcBroadcaster:
        """Make the broadcaster and both of its transports; the room must be open."""
        # no request of it goes over a WebSocket
        client = cls(peer_id, None, Device(handlerFactory=AiortcHandler.createFactory()))  # type: ignore[arg-type]
        client.base = f"{server_url}/rooms/{room_id}"
        capabilities = await client.ask("GET", "")
        await client.device.load(RtpCapabilities.model_validate(capabilities))
        received = client.device.rtpCapabilities.model_dump(mode="json", exclude_none=True)
        body = {"id": peer_id, "displayName": peer_id.title(), "device": {"name": "aiortc"}}
        reply = await client.ask("POST", "/broadcasters", {**body, "rtpCapabilities": received})
        client.peers |= {peer["id"]: peer for peer in reply["peers"]}
        client.base += f"/broadcasters/{peer_id}"
        client.send_transport = await client._create_transport(producing=True)
        client.recv_transport = await client._create_transport(producing=False)
        return client

    async def consume(self, peer_id: str, producer_id: str) -> Received:
        """Receive a track of another peer."""
        path = f"/transports/{self.recv_transport.id}/consume?producerId={producer_id}"
        reply = await self.ask("POST", path)
        consumer = await self.recv_transport.consume(
            id=reply["id"],
            producerId=reply["producerId"],
            kind=reply["kind"],
            rtpParameters=RtpParameters.model_validate(reply["rtpParameters"]),
        )
        received = Received(
            reply["id"], peer_id, producer_id, reply["kind"], Meter(consumer.track), consumer, False
        )
        self.consumers[received.id] = received
        return received

    async def request(self, method: str, data: dict[str, Any] | None = None) -> Any:
        """Ask over HTTP for what a client asks for over its WebSocket."""
        body = dict(data or {})
        match method:
            case "createWebRtcTransport":
                return await self.ask("POST", "/transports", {"type": "webrtc"})
            case "connectWebRtcTransport":
                return await self.ask("POST", f"/transports/{body.pop('transportId')}/connect", body)
            case "produce":
                return await self.ask("POST", f"/transports/{body.pop('transportId')}/producers", body)
        raise AssertionError(f"broadcasters do not {method}")

    async def delete(self) -> None:
        """Leave the room and close what is left here."""
        await self.ask("DELETE", "")
        for received in self.consumers.values():
            received.meter.stop()
        for transport in (self.send_transport, self.recv_transport):
            await asyncio.wait_for(transport.close(), 5)

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Return the JSON of an answer, or its text."""
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, content, method=method)

        def send() -> bytes:
            with urllib.request.urlopen(request, timeout=10) as answer:
                read: bytes = answer.read()
                return read

        text = (await asyncio.to_thread(send)).decode()
        return json.loads(text) if text.startswith(("{", "[")) else text
