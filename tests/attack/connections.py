"""Raw connections for attacks on the front: heads and frames octet by octet, many at once on one thread."""

from __future__ import annotations

import asyncio
import base64
import os
import struct
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Self

import uvloop

from tests.attack.target import Outcome, Target

HOST = "127.66.6.6"
"""The address of the attacker; loopback has 2^24 of them."""
TEXT, BINARY, CLOSE, PING = 1, 2, 8, 9
PATIENCE_S = 10.0

Deed = Callable[["Attacker"], Awaitable[None]]


class Attacker:
    """The state that the coroutines of one attack share."""

    def __init__(self, target: Target, seconds: float) -> None:
        self.target = target
        self.outcome = Outcome()
        self._end_s = time.monotonic() + seconds

    @property
    def goes_on(self) -> bool:
        return time.monotonic() < self._end_s

    @property
    def left_s(self) -> float:
        return max(0.0, self._end_s - time.monotonic())

    async def connect(self, host: str = HOST) -> Connection:
        """Connect to the front. Raises OSError, also when it takes too long."""
        async with asyncio.timeout(PATIENCE_S):
            reader, writer = await asyncio.open_connection(*self.target.front, local_addr=(host, 0))
        return Connection(reader, writer)

    async def open_peer(self, room_id: str, peer_id: str, host: str = HOST) -> Connection:
        """Connect as a peer with a good token. Raises OSError when it is refused, with the status."""
        connection = await self.connect(host)
        status = await connection.upgrade(self.target.path(room_id, peer_id))
        if status != "101":
            connection.close()
            raise ConnectionRefusedError(status)
        return connection

    async def flood(self, connection: Connection, chunk: bytes, count: int) -> None:
        """Send a chunk of so many requests without end, and read what comes back."""
        reading = asyncio.create_task(self._read(connection.reader))
        try:
            while self.goes_on and not reading.done():
                await connection.send(chunk)
                self.outcome.sent += count
                await asyncio.sleep(0)
            self.outcome.refuse("closed")
        finally:
            reading.cancel()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while data := await reader.read(1 << 18):
            self.outcome.answered_bytes += len(data)

    async def trickle(self, first: bytes) -> None:
        """Begin a request, and go on with an octet a second until it is answered."""
        async with await self.connect() as connection:
            await connection.send(first)
            self.outcome.sent += 1
            while self.goes_on:
                await connection.send(b"a")
                try:
                    async with asyncio.timeout(1):
                        answer = await connection.reader.read(1000)
                except TimeoutError:
                    continue
                self.outcome.refuse(answer[9:12].decode() if answer else "closed")
                return


class Connection:
    """One TCP connection to the front, which ends with its block."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self) -> str:
        """The status of an HTTP answer; "closed" when none comes."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                head = await self.reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return "closed"
        except TimeoutError:
            return "silence"
        return head[9:12].decode(errors="replace")

    async def upgrade(self, path: str, extra: str = "") -> str:
        """Ask for a WebSocket, and return the status."""
        try:
            await self.send(upgrade(path, extra))
        except ConnectionError:
            return "closed"
        return await self.answer()

    async def close_code(self) -> str:
        """Read frames until the close, and return its code; "closed" or "silence" without one."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    opcode, payload = await self.frame()
                    if opcode == CLOSE:
                        return str(struct.unpack_from("!H", payload)[0]) if len(payload) >= 2 else "no code"
        except (asyncio.IncompleteReadError, ConnectionError):
            return "closed"
        except TimeoutError:
            return "silence"

    async def frame(self) -> tuple[int, bytes]:
        """Read one frame of the server, which masks nothing."""
        first, size = await self.reader.readexactly(2)
        if size == 126:
            (size,) = struct.unpack("!H", await self.reader.readexactly(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", await self.reader.readexactly(8))
        return first & 0x0F, await self.reader.readexactly(size)

    def close(self) -> None:
        self.writer.transport.abort()


def upgrade(path: str, extra: str = "") -> bytes:
    """The head of a WebSocket upgrade."""
    key = base64.b64encode(os.urandom(16)).decode()
    return (
        f"GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Protocol: protoo\r\n{extra}\r\n"
    ).encode()


def frame(opcode: int, payload: bytes, *, final: bool = True, first_bits: int = 0) -> bytes:
    """A frame of a client, masked with zeros. `first_bits` are those for extensions."""
    first = (0x80 if final else 0) | first_bits | opcode
    size = len(payload)
    if size < 126:
        head = bytes([first, 0x80 | size])
    elif size < 65536:
        head = struct.pack("!BBH", first, 0x80 | 126, size)
    else:
        head = struct.pack("!BBQ", first, 0x80 | 127, size)
    return head + bytes(4) + payload


def request(number: int, method: str, data: str = "{}") -> bytes:
    """A request of protoo as a frame."""
    return frame(
        TEXT, b'{"request":true,"id":%d,"method":"%s","data":%s}' % (number, method.encode(), data.encode())
    )


def at_once(count: int, deed: Deed) -> Callable[[Target, float], Outcome]:
    """Make an attack of so many coroutines, each of which begins again when it ends or is refused."""

    async def again(attacker: Attacker) -> None:
        while attacker.goes_on:
            try:
                await deed(attacker)
            except ConnectionRefusedError as error:
                attacker.outcome.refuse(str(error) if str(error).isdigit() else "refused")
            except (OSError, asyncio.IncompleteReadError) as error:
                attacker.outcome.refuse(type(error).__name__)
            await asyncio.sleep(0)

    async def all_of_them(target: Target, seconds: float) -> Outcome:
        attacker = Attacker(target, seconds)
        tasks = [asyncio.create_task(again(attacker)) for _ in range(count)]
        await asyncio.sleep(seconds)
        for task in tasks:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks, return_exceptions=True)
        return attacker.outcome

    def run(target: Target, seconds: float) -> Outcome:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(all_of_them(target, seconds))

    return run
