"""A receiver of webhooks: keeps what it is sent, and answers as the test says."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Sink:
    """`posts` holds the requests that were answered with 2xx, `refused` how many were not,
    `ignored` how many were not answered."""

    port: int = 0
    scheme: str = "http"
    status: int = 200
    silent: bool = False
    """Takes requests and never answers."""
    garbage: bool = False
    """Answers with something that is not HTTP."""
    refused: int = 0
    ignored: int = 0
    posts: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/hook?key=1"

    def events(self) -> list[dict[str, Any]]:
        return [event for _, _, body in self.posts for event in json.loads(body)["events"]]

    def numbers(self) -> list[int]:
        return [event["seq"] for event in self.events()]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            request, *lines = head.strip().split("\r\n")
            headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
            body = await reader.readexactly(int(headers["content-length"]))
            if self.silent:
                self.ignored += 1
                await reader.read()
                return
            if self.garbage:
                writer.write(b"220 smtp.example ready\r\n")
                return
            if 200 <= self.status < 300:
                self.posts.append((request, headers, body))
            else:
                self.refused += 1
            writer.write(b"HTTP/1.1 %d Whatever\r\nContent-Length: 2\r\n\r\nok" % self.status)
        finally:
            writer.close()


@asynccontextmanager
async def webhook_sink(port: int = 0, tls: ssl.SSLContext | None = None) -> AsyncIterator[Sink]:
    sink = Sink(scheme="https" if tls else "http")
    server = await asyncio.start_server(sink.serve, "127.0.0.1", port, ssl=tls)
    sink.port = server.sockets[0].getsockname()[1]
    try:
        yield sink
    finally:
        server.close()
