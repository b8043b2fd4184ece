"""The front without sockets: connections whose bytes a test gives and takes, over bookkeeping workers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from mediad.rooms.registry import RoomRegistry
from mediad.signaling.app import create_app
from mediad.signaling.http.recordings import Recordings
from mediad.signaling.server.options import uvicorn_options
from tests.support.bookkeeping_workers import Workers
from tests.support.signaling import Status

ADDRESS = ("192.0.2.7", 50_000)
TURNS = 12
"""Turns of the loop after which nothing is under way any more that was asked for."""


class MemoryTransport(asyncio.Transport):
    """One end of a TCP connection that exists in memory alone."""

    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()
        self.protocol: asyncio.BaseProtocol | None = None
        self.closed = self.reading = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"peername": ADDRESS, "sockname": ("192.0.2.1", 4443)}.get(name, default)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        assert self.protocol is not None
        return self.protocol

    def write(self, data: Any) -> None:
        self.written += data

    def writelines(self, list_of_data: Iterable[Any]) -> None:
        self.written += b"".join(list_of_data)

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            asyncio.get_running_loop().call_soon(self.get_protocol().connection_lost, None)

    abort = close

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def is_reading(self) -> bool:
        return self.reading

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        pass

    def get_write_buffer_size(self) -> int:
        return 0

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return 0, 65536

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass


class Faults(logging.Handler):
    """Lines that tell of a bug: errors of the front and of the event loop."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(logging.Formatter().format(record))


class MemoryFront:
    """The real application behind the real HTTP and WebSocket protocols. Made in a running loop."""

    def __init__(self, recorder: Callable[[RoomRegistry], Recordings] | None = None, **options: Any) -> None:
        self.registry = RoomRegistry(Workers(1))
        recordings = recorder(self.registry) if recorder is not None else None
        application = create_app(self.registry, Status(), recordings=recordings, **options)
        self._config = uvicorn.Config(application, log_config=None, loop="asyncio", **uvicorn_options())
        self._config.load()
        self._state = ServerState()
        self._open: list[MemoryTransport] = []
        self._faults = Faults()
        logging.getLogger().addHandler(self._faults)
        asyncio.get_running_loop().set_exception_handler(
            lambda _, context: self._faults.lines.append(str(context))
        )

    def connect(self) -> MemoryTransport:
        """Open a connection."""
        transport = MemoryTransport()
        made: Any = self._config.http_protocol_class
        protocol = made(config=self._config, server_state=self._state, app_state={})
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        self._open.append(transport)
        return transport

    async def send(self, transport: MemoryTransport, data: bytes, turns: int = TURNS) -> None:
        """Have the front read these bytes, and do what they ask for."""
        if not transport.closed:
            protocol: Any = transport.get_protocol()
            protocol.data_received(data)
        await self.settle(turns)

    async def settle(self, turns: int = TURNS) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)

    async def close(self) -> None:
        """End every connection as clients do, and all rooms. Fails when anything went wrong meanwhile."""
        for transport in self._open:
            transport.close()
        await self.settle()
        await self.registry.close()
        await self.settle()
        if requests := set(self._state.tasks):  # files of the page are read in threads
            await asyncio.wait(requests, timeout=5)
        logging.getLogger().removeHandler(self._faults)
        assert not self._state.connections, "a connection that has ended is still counted"
        assert self._faults.lines == []
