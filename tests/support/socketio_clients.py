"""Socket.IO clients: python-socketio's, and one that sends whatever text it is told to."""

from __future__ import annotations

import asyncio
import json
import time
from collections import defaultdict
from typing import Any

import jwt
import socketio
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from mediad.signaling.access import Access, AccessRules
from mediad.signaling.app import SignalingSettings
from tests.support.rtp_samples import opus, vp8
from tests.support.signaling import DTLS_PARAMETERS, PATIENCE_S, Front
from tests.support.tokens import signed_with

SECRET = "a key of thirty-two bytes or more"
PATH = "/socket.io/?EIO=4&transport="


def guarded(**rules: Any) -> SignalingSettings:
    """Return the settings of a server that wants tokens."""
    return SignalingSettings(access=Access(AccessRules(signed_with(SECRET), **rules)))


def token(user_id: Any = "ana", secret: str = SECRET, **claims: Any) -> str:
    """A token of MeetLite, which expires in an hour."""
    usual = {"userId": user_id, "email": f"{user_id}@example.org", "exp": int(time.time()) + 3600}
    return jwt.encode({**usual, **claims}, secret)


class Refusal(Exception):
    """The server's connect_error."""


class EventClient:
    """A client in one namespace. `log` holds all events received, in their order."""

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace
        self.log: list[tuple[str, Any]] = []
        self._events: defaultdict[str, asyncio.Queue[Any]] = defaultdict(asyncio.Queue)
        self._refusals: list[Any] = []
        self._end: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.client = socketio.AsyncClient(reconnection=False)
        self.client.on("*", self._event, namespace)
        self.client.on("connect_error", self._refusals.append, namespace)
        self.client.on("disconnect", self._end.set_result, namespace)

    @classmethod
    async def connect(
        cls,
        front: Front,
        namespace: str = "/",
        *,
        transport: str = "websocket",
        query: str = "",
        auth: dict[str, Any] | None = None,
    ) -> EventClient:
        """Raises Refusal with the message of a connect_error."""
        self = cls(namespace)
        url = f"http://127.0.0.1:{front.port}{query}"
        try:
            await self.client.connect(url, auth=auth, transports=transport.split("+"), namespaces=[namespace])
        except socketio.exceptions.ConnectionError:
            await self.client.disconnect()
            raise Refusal(self._refusals[0]["message"]) from None
        return self

    async def emit(self, event: str, data: Any = None) -> None:
        await self.client.emit(event, data, namespace=self.namespace)

    async def call(self, event: str, data: Any = None) -> Any:
        """Return what the server acknowledges an event with."""
        return await self.client.call(event, data, namespace=self.namespace, timeout=PATIENCE_S)

    async def heard(self, event: str) -> Any:
        """Return the data of the next event of this name that was not taken yet."""
        return await asyncio.wait_for(self._events[event].get(), PATIENCE_S)

    async def asked(self, event: str, data: Any, answer: str) -> Any:
        """Send an event and return the data of the one that answers it."""
        await self.emit(event, data)
        return await self.heard(answer)

    async def ended(self) -> str:
        """Wait until the client is disconnected; returns the reason in the words of its library."""
        return await asyncio.wait_for(self._end, PATIENCE_S)

    def names(self) -> list[str]:
        return [event for event, _ in self.log]

    async def close(self) -> None:
        await self.client.disconnect()

    async def _event(self, event: str, data: Any = None) -> None:
        self.log.append((event, data))
        self._events[event].put_nowait(data)


class Participant(EventClient):
    """A MeetLite client with the steps that its app takes."""

    @classmethod
    async def enter(cls, front: Front, user_id: str, room_id: str = "room", **options: Any) -> Participant:
        """Connect with a token, join, make both transports, and say what can be received."""
        self = await cls.connect(front, auth={"token": token(user_id)}, **options)
        assert isinstance(self, Participant)
        answer = await self.asked("join-room", {"roomId": room_id}, "router-rtp-capabilities")
        for direction in ("send", "recv"):
            data = {"roomId": room_id, "direction": direction}
            made = await self.asked("create-webrtc-transport", data, "webrtc-transport-created")
            assert made["direction"] == direction
            await self.emit(
                "connect-webrtc-transport", {"direction": direction, "dtlsParameters": DTLS_PARAMETERS}
            )
        await self.emit("set-rtp-capabilities", answer)
        return self

    async def produce(self, kind: str, ssrc: int, **app_data: Any) -> str:
        make = opus if kind == "audio" else vp8
        data = {"kind": kind, "rtpParameters": make(mid=str(ssrc), ssrc=ssrc), "appData": app_data}
        made = await self.asked("create-producer", data, "producer-created")
        assert made["kind"] == kind
        identifier: str = made["producerId"]
        return identifier


class RawClient:
    """A WebSocket on which any text can be sent. `texts` holds all that came back."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.texts: list[str] = []
        self.close_code: int | None = None
        self._changed = asyncio.Condition()
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def connect(cls, front: Front, *first: str, **options: Any) -> RawClient:
        """Connect, and send the `first` texts."""
        url = f"ws://127.0.0.1:{front.port}{PATH}websocket"
        self = cls(await connect(url, compression=None, **options))
        for text in first:
            await self.socket.send(text)
        return self

    async def send(self, *texts: str | bytes) -> None:
        for text in texts:
            await self.socket.send(text)

    async def until(self, beginning: str, count: int = 1) -> str:
        """Return the last of `count` texts that begin so, received before or after."""
        async with asyncio.timeout(PATIENCE_S), self._changed:
            while True:
                found = [text for text in self.texts if text.startswith(beginning)]
                if len(found) >= count:
                    return found[count - 1]
                assert self.close_code is None, (self.close_code, self.texts)
                await self._changed.wait()

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
        try:
            while True:
                self.texts.append(str(await self.socket.recv()))
                await self._wake()
        except ConnectionClosed:
            self.close_code = self.socket.close_code
            await self._wake()

    async def _wake(self) -> None:
        async with self._changed:
            self._changed.notify_all()


def packet(name: str, data: Any = None, namespace: str = "/", ack_id: int | None = None) -> str:
    """Return the text of an event."""
    head = "42" + ("" if namespace == "/" else f"{namespace},") + ("" if ack_id is None else str(ack_id))
    return head + json.dumps([name] if data is None else [name, data])
