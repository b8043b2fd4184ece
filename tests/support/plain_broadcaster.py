"""A broadcaster with plain transports, which asks over HTTP; its media is another program's."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

OPUS = {"mimeType": "audio/opus", "payloadType": 100, "clockRate": 48000, "channels": 2}
VP8 = {"mimeType": "video/vp8", "payloadType": 101, "clockRate": 90000}
H264 = {
    "mimeType": "video/H264",
    "payloadType": 102,
    "clockRate": 90000,
    "parameters": {"packetization-mode": 1, "profile-level-id": "42e01f", "level-asymmetry-allowed": 1},
}
VP9 = {"mimeType": "video/VP9", "payloadType": 103, "clockRate": 90000, "parameters": {"profile-id": 2}}
AV1: dict[str, Any] = {"mimeType": "video/AV1", "payloadType": 104, "clockRate": 90000}


class Refused(Exception):
    """Error: an answer that is no success."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status} {text}")
        self.status = status
        self.text = text


@dataclass(frozen=True, slots=True)
class Plain:
    """A plain transport, as its answer describes it."""

    id: str
    ip: str
    port: int
    rtcp_port: int
    """The port of RTCP; that of RTP when they share one."""
    key: dict[str, str] | None
    """The server's SRTP parameters."""


class PlainBroadcaster:
    """A broadcaster of dialect A: `with PlainBroadcaster(…) as cam:` is a member meanwhile."""

    def __init__(self, server_url: str, room_id: str, peer_id: str) -> None:
        self.peer_id = peer_id
        self._room = f"{server_url}/rooms/{room_id}"
        self._url = f"{self._room}/broadcasters"
        self.capabilities: dict[str, Any] = {}
        """The RTP capabilities of the room."""

    def __enter__(self) -> PlainBroadcaster:
        self.capabilities = self._ask("GET", self._room)
        body = {"id": self.peer_id, "displayName": self.peer_id.title(), "device": {"name": "tests"}}
        self._ask("POST", self._url, {**body, "rtpCapabilities": receivable(self.capabilities)})
        self._url += f"/{self.peer_id}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._ask("DELETE", self._url)

    def transport(self, **options: Any) -> Plain:
        """Make a plain transport, by default with comedia and one port for RTP and RTCP."""
        body = {"type": "plain", "comedia": True, "rtcpMux": True, **options}
        made = self._ask("POST", f"{self._url}/transports", body)
        ports = made["port"], made.get("rtcpPort", made["port"])
        return Plain(made["id"], made["ip"], *ports, made.get("srtpParameters"))

    def connect(self, transport: Plain, **body: Any) -> Any:
        return self._ask("POST", f"{self._url}/transports/{transport.id}/connect", body)

    def produce(
        self,
        transport: Plain,
        codec: dict[str, Any],
        ssrc: int,
        more: Sequence[dict[str, Any]] = (),
        **encoding: Any,
    ) -> str:
        """Make a producer with one encoding; return its id. `more`: codecs beside that of its packets."""
        body = {
            "kind": codec["mimeType"].partition("/")[0],
            "rtpParameters": {"codecs": [codec, *more], "encodings": [{"ssrc": ssrc, **encoding}]},
        }
        return str(self._ask("POST", f"{self._url}/transports/{transport.id}/producers", body)["id"])

    def consume(self, transport: Plain, producer_id: str) -> dict[str, Any]:
        """Make a consumer, which flows at once; return what is said of it."""
        path = f"{self._url}/transports/{transport.id}/consume?producerId={producer_id}"
        answer: dict[str, Any] = self._ask("POST", path)
        return answer

    def _ask(self, method: str, url: str, body: Any = None) -> Any:
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, content, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                text = answer.read().decode()
        except urllib.error.HTTPError as error:
            raise Refused(error.code, error.read().decode()) from None
        return json.loads(text) if text.startswith("{") else text


def receivable(capabilities: dict[str, Any]) -> dict[str, Any]:
    """Return what a program can receive that repairs nothing, of what a room offers."""
    codecs = [codec for codec in capabilities["codecs"] if not codec["mimeType"].endswith("/rtx")]
    return {"codecs": codecs, "headerExtensions": []}
