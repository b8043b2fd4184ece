"""The real front on loopback, and a protoo client over the real `websockets` library."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any
from urllib.parse import urlencode

import uvicorn
import uvloop
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from mediad.rooms.registry import RoomRegistry
from mediad.signaling.app import SignalingSettings, create_app
from mediad.signaling.http.hls import Shows
from mediad.signaling.http.node import Scrape
from mediad.signaling.http.recordings import Recordings
from mediad.signaling.server.client_connection import FrontLimits, FrontState
from mediad.signaling.server.options import uvicorn_options
from tests.support.bookkeeping_worker import BookkeepingWorker
from tests.support.bookkeeping_workers import Workers

DEVICE = {"flag": "chrome", "name": "Chrome", "version": "141.0.0"}
DTLS_PARAMETERS = {
    "role": "client",
    "fingerprints": [{"algorithm": "sha-256", "value": ":".join(["3F"] * 32)}],
}
PATIENCE_S = 10.0
"""The time that a test waits for an event that must come; only a failing test takes it."""


class Status:
    """A StatusSource that says what it is told to."""

    def __init__(self) -> None:
        self.state = "ok"

    def stats(self) -> dict[str, Any]:
        return {"workers": [], "distribution": {}, "totalRooms": 0}

    def workers(self) -> dict[str, Any]:
        return {"workers": []}

    def health(self) -> dict[str, Any]:
        return {"status": self.state}


class Front:
    """The application, served by uvicorn over bookkeeping workers."""

    def __init__(
        self, server: uvicorn.Server, port: int, registry: RoomRegistry, placement: Workers, status: Status
    ) -> None:
        self._server = server
        self.port = port
        self.registry = registry
        self.placement = placement
        self.status = status

    @property
    def worker(self) -> BookkeepingWorker:
        return self.placement.workers[0]

    def connection_count(self) -> int:
        """TCP connections the server has not ended."""
        return len(self._server.server_state.connections)

    def url(self, **query: str) -> str:
        return f"ws://127.0.0.1:{self.port}/?{urlencode(query)}"

    async def connect(self, peer_id: str, room_id: str = "room", **query: str) -> Client:
        url = self.url(roomId=room_id, peerId=peer_id, **query)
        return Client(await connect(url, subprotocols=[Subprotocol("protoo")], compression=None))

    async def member(self, peer_id: str, **query: str) -> Client:
        """Connected and joined, with both transports."""
        client = await self.connect(peer_id, **query)
        await client.join()
        return client

    async def get(self, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers (lower-case names) and body of an HTTP GET."""
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return await self.http(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{lines}\r\n")

    async def raw(self, requests: str) -> bytes:
        """Return all that is answered to requests that are sent at once, of which the last one closes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(requests.encode())
        answers = await asyncio.wait_for(reader.read(), PATIENCE_S)
        writer.close()
        return answers

    async def http(self, request: str) -> tuple[int, dict[str, str], bytes]:
        raw = await self.raw(request)
        head, _, body = raw.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines[1:])
        if headers.get("transfer-encoding") == "chunked":
            body = b"".join(_chunks(body))
        return int(lines[0].split()[1]), headers, body


def _chunks(body: bytes) -> Iterator[bytes]:
    """Yield the chunks of a body (RFC 9112 section 7.1)."""
    while body:
        size, _, body = body.partition(b"\r\n")
        yield body[: int(size, 16)]
        body = body[int(size, 16) + 2 :]


def run(scenario: Callable[[Front], Coroutine[Any, Any, None]], **options: Any) -> None:
    """A test's scenario with a front of its own, in the event loop the daemon uses."""

    async def main() -> None:
        async with front(**options) as running:
            await scenario(running)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


@contextlib.asynccontextmanager
async def front(
    settings: SignalingSettings | None = None,
    workers: int = 1,
    scrape: Scrape | None = None,
    shows: Shows | None = None,
    front_state: FrontState | None = None,
    dual_stack: bool = False,
    recorder: Callable[[RoomRegistry], Recordings] | None = None,
    **registry_options: Any,
) -> AsyncIterator[Front]:
    """A front on 127.0.0.1, or on a socket for both families; `recorder` makes its recordings."""
    placement, status = Workers(workers), Status()
    registry = RoomRegistry(placement, **registry_options)
    recordings = None if recorder is None else recorder(registry)
    config = uvicorn.Config(
        create_app(registry, status, settings, scrape, recordings, shows),
        log_config=None,
        loop="asyncio",
        **uvicorn_options(front_state),
    )
    family = socket.AF_INET6 if dual_stack else socket.AF_INET
    host = "::" if dual_stack else "127.0.0.1"
    with socket.create_server((host, 0), family=family, dualstack_ipv6=dual_stack) as listener:
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve([listener]))
        try:
            yield Front(server, listener.getsockname()[1], registry, placement, status)
        finally:
            await registry.close()
            server.should_exit = True
            await serving


def front_state(**changes: Any) -> FrontState:
    """Return the front's state with these limits changed."""
    return FrontState(FrontLimits(**changes))


def upgrade(peer_id: str, *headers: str, room_id: str = "room", **query: str) -> bytes:
    """The head of a WebSocket, with `headers` (lines) in it."""
    lines = [
        f"GET /?{urlencode({'roomId': room_id, 'peerId': peer_id, **query})} HTTP/1.1",
        "Host: localhost",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        "Sec-WebSocket-Protocol: protoo",
        *headers,
    ]
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode()


async def raw(running: Front, *portions: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection on which these bytes were written."""
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    for portion in portions:
        writer.write(portion)
        await writer.drain()
    return reader, writer


async def said(running: Front, *portions: bytes) -> bytes:
    """All that comes back on a connection that only the server ends."""
    reader, writer = await raw(running, *portions)
    try:
        return await asyncio.wait_for(reader.read(), PATIENCE_S)
    finally:
        writer.close()


async def eventually(condition: Callable[[], object]) -> None:
    """Wait for something that shows on no socket."""
    for _ in range(int(PATIENCE_S * 100)):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never happened")


class Failure(Exception):
    """An error reply."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


class Client:
    """A protoo client. `log` holds every frame received, in the order of the bytes."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.log: list[dict[str, Any]] = []
        self.capabilities: dict[str, Any] = {}
        self.sending = ""
        self.receiving = ""
        self.answer: Callable[[dict[str, Any]], dict[str, Any] | None] = accept
        """Makes the answer to a request of the server; None leaves it unanswered."""
        self.close_code: int | None = None
        self._ids = itertools.count(8001)
        self._changed = asyncio.Condition()
        self._reading = asyncio.create_task(self._read())

    # -- the usual steps -------------------------------------------------------------------------------

    async def join(self) -> dict[str, Any]:
        self.capabilities = await self.request("getRouterRtpCapabilities")
        self.sending = (await self.request("createWebRtcTransport", {"producing": True}))["id"]
        self.receiving = (await self.request("createWebRtcTransport", {"consuming": True}))["id"]
        return await self.enter()

    async def enter(self) -> dict[str, Any]:
        """Send the join request alone."""
        data = {"displayName": "Somebody", "device": DEVICE, "rtpCapabilities": self.capabilities}
        reply: dict[str, Any] = await self.request("join", data)
        return reply

    async def join_with_data(self) -> None:
        """Join with data channels, as mediasoup-client 3.7 asks for them."""
        wanted = {"sctpCapabilities": {"numStreams": {"OS": 1024, "MIS": 1024}}}
        self.capabilities = await self.request("getRouterRtpCapabilities")
        self.sending = (await self.request("createWebRtcTransport", {"producing": True, **wanted}))["id"]
        self.receiving = (await self.request("createWebRtcTransport", {"consuming": True, **wanted}))["id"]
        data = {"displayName": "Somebody", "rtpCapabilities": self.capabilities, **wanted}
        await self.request("join", data)

    async def produce_data(self, label: str, **stream: Any) -> str:
        data = {
            "transportId": self.sending,
            "sctpStreamParameters": {"streamId": 0, **stream},
            "label": label,
            "protocol": "",
            "appData": {"info": f"my-{label}-DataProducer"},
        }
        reply: dict[str, str] = await self.request("produceData", data)
        return reply["id"]

    async def produce(self, kind: str, rtp_parameters: dict[str, Any], **app_data: Any) -> str:
        data = {
            "transportId": self.sending,
            "kind": kind,
            "rtpParameters": rtp_parameters,
            "appData": app_data,
        }
        reply: dict[str, str] = await self.request("produce", data)
        return reply["id"]

    # -- protoo ----------------------------------------------------------------------------------------

    async def request(self, method: str, data: Any = None) -> Any:
        """The reply's data; raises Failure."""
        identifier = await self.ask(method, data)
        reply = await self.until(lambda frame: bool(frame.get("response")) and frame["id"] == identifier)
        if not reply.get("ok"):
            raise Failure(reply["errorCode"], reply["errorReason"])
        return reply["data"]

    async def ask(self, method: str, data: Any = None) -> int:
        """Send a request without waiting; returns its id."""
        identifier = next(self._ids)
        await self.send({"request": True, "id": identifier, "method": method, "data": data})
        return identifier

    async def send(self, message: Any) -> None:
        await self.socket.send(json.dumps(message))

    async def notified(self, method: str) -> dict[str, Any]:
        """The data of the first notification of this name."""
        frame = await self.until(lambda frame: "notification" in frame and frame["method"] == method)
        data: dict[str, Any] = frame["data"]
        return data

    async def asked(self, method: str) -> dict[str, Any]:
        """The first request of the server of this name."""
        return await self.until(lambda frame: "request" in frame and frame["method"] == method)

    def methods(self) -> list[str]:
        """Return the names of all messages received, answers as `ok` or `error`."""
        return [frame.get("method") or ("ok" if frame.get("ok") else "error") for frame in self.log]

    async def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first frame that fits, received before or after."""
        async with asyncio.timeout(PATIENCE_S), self._changed:
            while True:
                for frame in self.log:
                    if wanted(frame):
                        return frame
                if self.close_code is not None:
                    raise AssertionError(f"closed by {self.close_code}, after {self.methods()}")
                await self._changed.wait()

    async def sync(self) -> None:
        """Wait until all messages that the server sent before now were received."""
        await self.request("getRouterRtpCapabilities")

    async def closed(self) -> int:
        """Wait for the server to close; returns the code."""
        async with asyncio.timeout(PATIENCE_S):
            await self._reading
        assert self.close_code is not None
        return self.close_code

    async def close(self) -> None:
        await self.socket.close()
        await self._reading

    async def _read(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                frame = json.loads(await self.socket.recv())
                self.log.append(frame)
                answer = self.answer(frame) if frame.get("request") else None
                if answer is not None:
                    await self.send(answer)
                await self._wake()
        self.close_code = self.socket.close_code
        await self._wake()

    async def _wake(self) -> None:
        async with self._changed:
            self._changed.notify_all()


def accept(request: dict[str, Any]) -> dict[str, Any]:
    return {"response": True, "id": request["id"], "ok": True, "data": {}}


def refuse(request: dict[str, Any]) -> dict[str, Any]:
    reason = "I do not want to consume"
    return {"response": True, "id": request["id"], "errorCode": 403, "errorReason": reason}


def ignore(request: dict[str, Any]) -> None:
    return None
