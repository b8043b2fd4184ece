"""Requests of the HTTP API, one to a line: broadcasters, recordings, HLS, polls of Socket.IO, the page."""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import quote

from mediad.errors import NotFound
from tests.fuzz.target import Take, Target
from tests.fuzz.told_ids import with_ids
from tests.support.memory_front import MemoryFront
from tests.support.rtp_samples import opus
from tests.support.signaling import DTLS_PARAMETERS

MAX_LINES = 12


class Shown:
    """A stream that is there, and whose next part never comes."""

    name, peer_id, display_name, newest = "stream", "ana", "Ana", (3, 1)

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "index.m3u8").write_text('#EXTM3U\n#EXT-X-MAP:URI="init-0.mp4"\n3.m4s\n')
        (folder / "3.m4s").write_bytes(bytes(64))

    async def reached(self, segment: int, part: int, timeout_s: float) -> bool:
        return (segment, part) <= self.newest

    def streams(self, room_id: str) -> list[Any]:
        if room_id != "shown":
            raise NotFound("no such room")
        return [self]


def line(method: str, path: str, body: Any = None, **headers: str) -> bytes:
    return json.dumps({"m": method, "p": path, "b": body, "h": headers}).encode()


ONE = "/rooms/r/broadcasters/b"
BROADCAST = [
    line("POST", "/rooms/r/broadcasters", {"id": "b", "displayName": "B", "device": {"name": "x"}}),
    line("POST", f"{ONE}/transports", {"type": "plain", "rtcpMux": False, "comedia": True}),
    line(
        "POST",
        f"{ONE}/transports",
        {"type": "webrtc", "sctpCapabilities": {"numStreams": {"OS": 1, "MIS": 1}}},
    ),
    line("POST", f"{ONE}/transports/$1/connect", {"dtlsParameters": DTLS_PARAMETERS}),
    line("POST", f"{ONE}/transports/$0/plain-connect", {"ip": "192.0.2.1", "port": 5004, "rtcpPort": 5005}),
    line("POST", f"{ONE}/transports/$0/producers", {"kind": "audio", "rtpParameters": opus()}),
    line("POST", f"{ONE}/transports/$1/consume", None),
    line("POST", f"{ONE}/transports/$1/consume?producerId=$2", None),
    line(
        "POST",
        f"{ONE}/transports/$1/produce/data",
        {"label": "a", "protocol": "", "sctpStreamParameters": {"streamId": 1}},
    ),
    line("POST", f"{ONE}/transports/$1/consume/data", {"dataProducerId": "$3"}),
    line("DELETE", ONE),
]
HLS = [
    line("GET", "/hls/shown/streams"),
    line("GET", "/hls/shown/stream/index.m3u8?_HLS_msn=3&_HLS_part=0&token=a%22b"),
    line("GET", "/hls/shown/stream/index.m3u8?_HLS_msn=99999"),
    line("GET", "/hls/shown/stream/index.m3u8?_HLS_part=1"),
    line("GET", "/hls/shown/stream/index.m3u8?_HLS_msn=4&_HLS_part=0"),
    line("GET", "/hls/shown/stream/3.m4s", Range="bytes=1-3,5-"),
    line("GET", "/hls/shown/stream/9.m4s"),
    line("GET", "/hls/shown/stream/..%2findex.m3u8"),
    line("GET", "/hls/shown/none/index.m3u8"),
    line("GET", "/hls/shown/stream/index.m3u8?_HLS_msn=x"),
    line("GET", "/hls/none/streams"),
    line("GET", "/watch/shown"),
]
OTHERS = [
    line("GET", "/socket.io/?EIO=4&transport=polling"),
    line("GET", "/socket.io/?EIO=4&transport=polling&j=0"),
    line("POST", "/socket.io/?EIO=4&transport=polling&sid=x", "40\x1e41"),
    line("GET", "/rooms/r", None, Origin="https://a", Authorization="Bearer x.y.z"),
    line("POST", "/rooms/r/recordings", {"layout": "a"}),
    *(line("GET", path) for path in ("/stats", "/workers", "/health", "/metrics", "/", "/assets/../x")),
]
SEEDS = [b"\n".join(lines) for lines in (BROADCAST, HLS, OTHERS, BROADCAST[:2] + HLS[:1])]
SEEDS += [b"\n".join([BROADCAST[0], *BROADCAST[1:3], one]) for one in BROADCAST[3:]]


def request(text: bytes) -> bytes | None:
    """Return the bytes of the request on a line; None when it is none, which the target `front` has."""
    try:
        found = json.loads(text)
        method, path, body, headers = found["m"], found["p"], found["b"], found["h"]
        lines = [f"{method} {quote(str(path), safe='/?&=%$')} HTTP/1.1", "Host: a"]
        lines += [f"{name}: {value}" for name, value in dict(headers).items()]
        content = (
            b"" if body is None else body.encode() if isinstance(body, str) else json.dumps(body).encode()
        )
        head = "\r\n".join([*lines, f"Content-Length: {len(content)}", "", ""]).encode("latin-1")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    return head + content


def make() -> Take:
    shown = Shown(Path(tempfile.mkdtemp(prefix="mediad-fuzz-")))
    return lambda data: asyncio.run(_ask(data, shown))


async def _ask(data: bytes, shown: Shown) -> None:
    front = MemoryFront(shows=shown)
    told = b""
    for text in data.split(b"\n")[:MAX_LINES]:
        content = request(with_ids(text, told))
        if content is not None:
            transport = front.connect()  # of its own: what h11 refuses ends with it
            await front.send(transport, content, turns=30)
            told += bytes(transport.written)
    await front.close()


PARSERS = ("signaling/http/hls.py",)
NAMES = ("broadcaster_orders", "broadcasters", "exchange")
OBJECTS = tuple(f"signaling/http/{name}.py" for name in NAMES)
TARGET = Target("http-api", SEEDS, make, PARSERS, objects=OBJECTS, shape="json")
