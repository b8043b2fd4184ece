"""The HTTP API of broadcasters, as curl would use it on a front."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.support.signaling import Front

WEBRTC = {"type": "webrtc"}
DEVICE = {"name": "ffmpeg", "version": "7"}


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def data(self) -> Any:
        return json.loads(self.text)


async def ask(
    running: Front, method: str, path: str, body: Any = None, text: str | None = None, **headers: str
) -> Answer:
    """Send a request; the body is JSON, or `text` as it is."""
    content = text if text is not None else "" if body is None else json.dumps(body)
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    status, found, raw = await running.http(
        f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        f"Content-Length: {len(content.encode())}\r\n{lines}\r\n{content}"
    )
    return Answer(status, found, raw.decode())


class Owner:
    """The owner of one broadcaster."""

    def __init__(self, running: Front, peer_id: str, room_id: str = "room") -> None:
        self._running = running
        self.peer_id = peer_id
        self.all = f"/rooms/{room_id}/broadcasters"

    async def create_in_a(self, capabilities: Any = None, **more: Any) -> Answer:
        body = {"id": self.peer_id, "displayName": "Camera", "device": DEVICE, **more}
        if capabilities is not None:
            body["rtpCapabilities"] = capabilities
        return await ask(self._running, "POST", self.all, body)

    async def create_in_b(self, **more: Any) -> Answer:
        body = {"peerId": self.peer_id, "displayName": "Camera", "device": DEVICE, **more}
        return await ask(self._running, "POST", self.all, body)

    async def post(self, path: str, body: Any = None) -> Answer:
        return await ask(self._running, "POST", f"{self.all}/{self.peer_id}{path}", body)

    async def get(self, path: str) -> Answer:
        return await ask(self._running, "GET", f"{self.all}/{self.peer_id}{path}")

    async def delete(self) -> Answer:
        return await ask(self._running, "DELETE", f"{self.all}/{self.peer_id}")


async def in_a(running: Front) -> tuple[Owner, str]:
    """A broadcaster of dialect A and its transport."""
    cam = Owner(running, "cam")
    await cam.create_in_a((await running.connect("eve")).capabilities or None)
    return cam, (await cam.post("/transports", WEBRTC)).data["id"]


async def in_b(running: Front) -> tuple[Owner, str]:
    """A broadcaster of dialect B that has joined, and its transport."""
    cam = Owner(running, "cam")
    await cam.create_in_b()
    transport_id = (await cam.post("/transports", {**WEBRTC, "direction": "producer"})).data["transportId"]
    await cam.post("/join")
    return cam, transport_id
