"""A server of one document, that answers as the test says."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field


@dataclass
class DocumentServer:
    """`requests` holds the heads of the requests, and `answer` is sent whole, whatever it is."""

    port: int = 0
    scheme: str = "http"
    answer: bytes = b""
    silent: bool = False
    """Takes requests and never answers."""
    requests: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        host = "localhost" if self.scheme == "https" else "127.0.0.1"
        return f"{self.scheme}://{host}:{self.port}/jwks.json?app=1"

    def serve_document(self, data: bytes, status: bytes = b"200 OK", more: bytes = b"") -> None:
        self.answer = b"HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n%s" % (status, more, len(data), data)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.requests.append((await reader.readuntil(b"\r\n\r\n")).decode())
            if self.silent:
                await reader.read()
            writer.write(self.answer)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client has gone
        finally:
            writer.close()


@asynccontextmanager
async def document_server(
    data: bytes = b"", tls: ssl.SSLContext | None = None
) -> AsyncIterator[DocumentServer]:
    """Serve `data` until the block ends."""
    made = DocumentServer(scheme="https" if tls else "http")
    made.serve_document(data)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, ssl=tls)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()


@contextmanager
def serving_document(data: bytes) -> Iterator[DocumentServer]:
    """Serve `data` from a thread of its own until the block ends, for tests without a loop."""
    ready, ended = threading.Event(), threading.Event()
    made: list[DocumentServer] = []

    async def serve() -> None:
        async with document_server(data) as server:
            made.append(server)
            ready.set()
            await asyncio.to_thread(ended.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    try:
        assert ready.wait(20)
        yield made[0]
    finally:
        ended.set()
        thread.join(20)
