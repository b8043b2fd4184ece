"""protoo as its JavaScript client speaks it, over a real WebSocket."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Awaitable, Callable
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

RequestHandler = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]
NotificationHandler = Callable[[str, dict[str, Any]], None]


class Refused(Exception):
    """The other side answered a request with an error; or, raised by a handler, we do."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code} {reason}")
        self.code = code
        self.reason = reason


class ProtooClient:
    """One connection. Requests of the server run as tasks, so both directions interleave."""

    def __init__(
        self, socket: ClientConnection, on_request: RequestHandler, on_notification: NotificationHandler
    ) -> None:
        self._socket = socket
        self._on_request = on_request
        self._on_notification = on_notification
        self._ids = itertools.count(1)
        self._pending: dict[int, asyncio.Future[Any]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._reader = asyncio.create_task(self._read())
        self.frames: list[dict[str, Any]] = []
        """Every message received, in order of arrival."""

    @classmethod
    async def open(
        cls, url: str, on_request: RequestHandler, on_notification: NotificationHandler
    ) -> ProtooClient:
        return cls(await connect(url, subprotocols=[Subprotocol("protoo")]), on_request, on_notification)

    @property
    def subprotocol(self) -> str | None:
        return self._socket.subprotocol

    async def request(self, method: str, data: dict[str, Any] | None = None) -> Any:
        """The answer's data; Refused when it is an error, ConnectionClosed when none can come any more."""
        message_id = next(self._ids)
        answer = self._pending[message_id] = asyncio.get_running_loop().create_future()
        message = {"request": True, "id": message_id, "method": method, "data": data or {}}
        await self._socket.send(json.dumps(message))
        return await asyncio.wait_for(answer, 20)

    async def closed(self) -> tuple[int, str]:
        """Wait for the end of the connection; its close code and reason."""
        await asyncio.shield(self._reader)
        return self._socket.close_code or 0, self._socket.close_reason or ""

    async def close(self) -> None:
        await self._socket.close()
        await asyncio.wait([self._reader])

    async def _read(self) -> None:
        try:
            async for frame in self._socket:
                self._take(json.loads(frame))
        except ConnectionClosed:
            pass
        finally:
            for answer in self._pending.values():
                if not answer.done():
                    answer.set_exception(ConnectionError("the connection closed before the answer"))
            for task in self._tasks:
                task.cancel()

    def _take(self, message: dict[str, Any]) -> None:
        self.frames.append(message)
        if message.get("request"):
            task = asyncio.create_task(self._answer(message))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif message.get("response"):
            answer = self._pending.pop(message["id"])
            if answer.done():  # timed out
                return
            if message.get("ok"):
                answer.set_result(message.get("data") or {})
            else:
                answer.set_exception(Refused(message["errorCode"], message["errorReason"]))
        elif message.get("notification"):
            self._on_notification(message["method"], message.get("data") or {})

    async def _answer(self, message: dict[str, Any]) -> None:
        answer: dict[str, Any] = {"response": True, "id": message["id"]}
        try:
            data = await self._on_request(message["method"], message.get("data") or {})
            answer |= {"ok": True, "data": data}
        except Refused as refused:
            answer |= {"ok": False, "errorCode": refused.code, "errorReason": refused.reason}
        try:
            await self._socket.send(json.dumps(answer))
        except ConnectionClosed:
            return
