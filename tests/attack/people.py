"""People in a room that needs tokens, each with one transport, as attackers and those beside them are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.attack.target import token
from tests.support.media_peer import MediaPeer
from tests.support.protoo_client import ProtooClient
from tests.support.rtp_samples import opus


async def _answer(method: str, data: dict[str, Any]) -> dict[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class Person:
    """A peer, its transport as the server described it, and the client's end of that."""

    client: ProtooClient
    transport: dict[str, Any]
    media: MediaPeer

    @classmethod
    async def enter(
        cls, front_port: int, secret: str, room_id: str, peer_id: str, *, sends: bool, host: str = "127.0.0.1"
    ) -> Person:
        """Connect, and make a transport; it is not connected yet, nor is anybody joined."""
        admission = token(secret, room_id, peer_id)
        url = f"ws://127.0.0.1:{front_port}/?roomId={room_id}&peerId={peer_id}&token={admission}"
        client = await ProtooClient.open(url, _answer, lambda *_: None)
        asked = {"producing": sends, "consuming": not sends}
        created = await client.request("createWebRtcTransport", asked)
        return cls(client, created, MediaPeer(created, host=host))

    async def connect(self) -> Person:
        """Connect the transport: ICE, then DTLS."""
        told = {"transportId": self.transport["id"], "dtlsParameters": self.media.dtls.parameters}
        await self.client.request("connectWebRtcTransport", told)
        await self.media.connect()
        return self

    async def join(self, *, receives: bool) -> Person:
        data: dict[str, Any] = {"displayName": "somebody", "device": {}}
        if receives:
            data["rtpCapabilities"] = await self.client.request("getRouterRtpCapabilities")
        await self.client.request("join", data)
        return self

    async def send_opus(self, ssrc: int) -> str:
        """Make a producer, and return its id."""
        data = {"transportId": self.transport["id"], "kind": "audio", "rtpParameters": opus(ssrc=ssrc)}
        return str((await self.client.request("produce", data))["id"])

    async def leave(self) -> None:
        self.media.close()
        await self.client.close()
