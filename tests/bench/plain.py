"""The time that it takes to set up one sender and many receivers on SRTP plain transports over HTTP.

The client is a program in Python on the same machine, with as few instructions as it can have; its share of
the time is reported beside that of the daemon's processes. Then the sender sends, to see that all receive.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import socket
import struct
import time
from collections import deque
from dataclasses import dataclass
from typing import Any

import psutil
import pylibsrtp
from websockets.asyncio.client import connect

from tests.support.daemon import Daemon
from tests.support.plain_broadcaster import VP8, receivable

PAYLOAD_TYPE = 101
SUITE = "AEAD_AES_128_GCM"
KEY = base64.b64encode(bytes(28)).decode()
ROOM = "/rooms/bench"
KEY_FRAME = bytes.fromhex("10 00 00 00 9d 01 2a 40 01 f0 00") + bytes(200)
"""A VP8 payload descriptor, and the beginning of a picture of 320 x 240 (RFC 7741, RFC 6386)."""


@dataclass(frozen=True, slots=True)
class Load:
    """A sender and the receivers that are set up."""

    receivers: int = 500
    connections: int = 8
    """HTTP connections, each of which is kept open and has one request at a time."""
    own_broadcasters: bool = True
    """True when each receiver is a broadcaster of its own; False: all are transports of one."""


@dataclass(frozen=True, slots=True)
class Result:
    """The time and work that a set-up took."""

    seconds: float
    requests: int
    client_cpu_s: float
    supervisor_cpu_s: float
    workers_cpu_s: float
    slowest_ms: float
    """The longest time between a request and its answer."""
    receiving: int
    """Receivers that a packet of the sender has reached."""


class Api:
    """Connections to the front that are kept open."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: deque[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = deque()
        self._turns: asyncio.Semaphore
        self.requests = 0
        self.slowest_s = 0.0

    async def open(self, count: int) -> None:
        self._turns = asyncio.Semaphore(count)
        for _ in range(count):
            self._idle.append(await asyncio.open_connection("127.0.0.1", self._port))

    def close(self) -> None:
        for _, writer in self._idle:
            writer.close()

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Return the JSON of an answer; what is no success ends the measurement."""
        content = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(content)}\r\n\r\n"
        async with self._turns:
            reader, writer = self._idle.popleft()
            began = time.perf_counter()
            writer.write(head.encode() + content)
            status, *fields = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            lengths = [int(f[15:]) for f in fields if f.lower().startswith("content-length:")]
            answer = await reader.readexactly(sum(lengths))
            self.slowest_s = max(self.slowest_s, time.perf_counter() - began)
            self._idle.append((reader, writer))
        self.requests += 1
        if status.split(" ")[1] not in ("200", "201", "204"):
            raise SystemExit(f"{method} {path}: {status} {answer.decode()}")
        return json.loads(answer) if answer[:1] == b"{" else None


class Scene:
    """One room, its sender and its receivers."""

    def __init__(self, load: Load, api: Api) -> None:
        self._load = load
        self._api = api
        self.capabilities: dict[str, Any] = {}
        self.sockets: list[socket.socket] = []
        self.producer_id = ""
        self.sender: tuple[str, int] = ("", 0)

    async def make_sender(self) -> None:
        broadcaster = await self._broadcaster("sender")
        transport = await self._transport(broadcaster)
        self.sender = transport["ip"], transport["port"]
        body = {
            "kind": "video",
            "rtpParameters": {"codecs": [VP8], "encodings": [{"ssrc": 2222}]},
        }
        made = await self._api.ask("POST", f"{broadcaster}/transports/{transport['id']}/producers", body)
        self.producer_id = made["id"]

    async def make_receiver(self, number: int) -> None:
        own = self._load.own_broadcasters
        broadcaster = await self._broadcaster(f"r{number}") if own else f"{ROOM}/broadcasters/sender"
        transport = await self._transport(broadcaster, self.sockets[number].getsockname()[1])
        path = f"{broadcaster}/transports/{transport['id']}/consume?producerId={self.producer_id}"
        await self._api.ask("POST", path)

    async def _broadcaster(self, peer_id: str) -> str:
        body = {"id": peer_id, "displayName": peer_id, "device": {"name": "bench"}}
        received = receivable(self.capabilities)
        await self._api.ask("POST", f"{ROOM}/broadcasters", {**body, "rtpCapabilities": received})
        return f"{ROOM}/broadcasters/{peer_id}"

    async def _transport(self, broadcaster: str, port: int = 0) -> Any:
        body: dict[str, Any] = {"type": "plain", "rtcpMux": True, "comedia": not port}
        body |= {"enableSrtp": True, "srtpCryptoSuite": SUITE}
        made = await self._api.ask("POST", f"{broadcaster}/transports", body)
        key = {"srtpParameters": {"cryptoSuite": SUITE, "keyBase64": KEY}}
        place = {"ip": "127.0.0.1", "port": port} if port else {}
        await self._api.ask("POST", f"{broadcaster}/transports/{made['id']}/connect", {**place, **key})
        return made


async def measure(daemon: Daemon, load: Load) -> Result:
    """Set the scene, and send a key frame through it."""
    api = Api(daemon.port)
    scene = Scene(load, api)
    processes = [psutil.Process(daemon.pid), *psutil.Process(daemon.pid).children(recursive=True)]
    scene.sockets = [_bound() for _ in range(load.receivers)]
    try:
        async with connect(daemon.ws_url("bench", "keeper"), subprotocols=["protoo"]):  # type: ignore[list-item]
            await api.open(load.connections)
            scene.capabilities = await api.ask("GET", ROOM)
            before = [_cpu_s(process) for process in processes]
            own, began = time.process_time(), time.perf_counter()
            await scene.make_sender()
            await asyncio.gather(*map(scene.make_receiver, range(load.receivers)))
            seconds, own = time.perf_counter() - began, time.process_time() - own
            used = [_cpu_s(process) - cpu for process, cpu in zip(processes, before, strict=True)]
            receiving = await _send(scene)
    finally:
        api.close()
        for sock in scene.sockets:
            sock.close()
    return Result(seconds, api.requests, own, used[0], sum(used[1:]), api.slowest_s * 1000, receiving)


async def _send(scene: Scene) -> int:
    """Send key frames until every receiver has a packet, for some seconds at most; return how many have."""
    policy = pylibsrtp.Policy(
        key=base64.b64decode(KEY),
        ssrc_type=pylibsrtp.Policy.SSRC_ANY_OUTBOUND,
        srtp_profile=pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    )
    session, reached = pylibsrtp.Session(policy), set[int]()
    with _bound() as sender:
        for number in range(200):
            header = struct.pack("!BBHII", 0x80, 0x80 | PAYLOAD_TYPE, number, number * 3000, 2222)
            sender.sendto(session.protect(header + KEY_FRAME), scene.sender)
            await asyncio.sleep(0.02)
            for index, sock in enumerate(scene.sockets):
                with contextlib.suppress(BlockingIOError):
                    if (
                        sock.recv(2000)[1] & 0x7F == VP8["payloadType"]
                    ):  # RTCP has a number from 72 to 76 there
                        reached.add(index)
            if len(reached) == len(scene.sockets):
                break
    return len(reached)


def _bound() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    sock.setblocking(False)
    return sock


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def run(load: Load) -> Result:
    """Measure with a daemon of one worker and the default limits."""
    with Daemon(workers=1) as daemon:
        return asyncio.run(measure(daemon, load))
