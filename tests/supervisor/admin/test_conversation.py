"""Streams and answers of one admin connection, and what becomes of them when the client goes away."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from mediad.errors import InvalidState
from mediad.protocols.envelope import (
    MAX_FRAME_BYTES,
    MAX_REASON,
    Decoder,
    Event,
    Message,
    Request,
    Response,
    encode,
)
from mediad.supervisor.admin import conversation
from mediad.supervisor.admin.conversation import Answer
from mediad.supervisor.admin.server import AdminServer, open_admin_socket
from tests.support.loops import on_loop, until


class Methods:
    """The methods of this test, and the results of their calls."""

    def __init__(self) -> None:
        self.running: list[str] = []
        self.ended: list[str] = []
        self.release = asyncio.Event()

    def handle(self, method: str, data: dict[str, Any]) -> Answer:
        if method == "unknown":
            raise InvalidState("not now" + 2 * str(data.get("why", "")))
        return self.stream(method, **data) if "count" in data else self.once(method)

    async def once(self, method: str) -> dict[str, Any]:
        self.running.append(method)
        try:
            if method == "slow":
                await self.release.wait()
            if method == "broken file":
                raise FileNotFoundError("settings.toml")
            return {"method": method}
        finally:
            self.ended.append(method)

    async def stream(
        self, method: str, count: int, then: str = "end"
    ) -> AsyncGenerator[dict[str, Any], None]:
        self.running.append(method)
        try:
            for n in range(count):
                yield {"n": n}
            if then == "fail":
                raise InvalidState("lost it")
            if then == "wait":
                await self.release.wait()
            if then == "huge":
                yield {"blob": "x" * 5_000_000}
        finally:
            self.ended.append(method)


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer, self.decoder = reader, writer, Decoder()
        self.heard: list[Message] = []

    def ask(self, id_: int, method: str, **data: Any) -> None:
        self.writer.write(encode(Request(id_, method, data)))

    async def hear(self, count: int) -> list[Message]:
        """The next `count` messages, fewer when the server hung up."""
        while len(self.heard) < count and (data := await self.reader.read(65536)):
            self.heard += self.decoder.feed(data)
        heard, self.heard = self.heard[:count], self.heard[count:]
        return heard


@asynccontextmanager
async def talking(path: Path) -> AsyncIterator[tuple[Methods, Client]]:
    methods = Methods()
    server = AdminServer(open_admin_socket(str(path)), methods.handle)
    await server.start()
    reader, writer = await asyncio.open_unix_connection(path)
    try:
        yield methods, Client(reader, writer)
    finally:
        writer.close()
        await server.stop()


@on_loop
async def test_a_stream_is_events_and_then_the_answer(tmp_path: Path) -> None:
    async with talking(tmp_path / "s") as (methods, client):
        client.ask(7, "count", count=2)
        assert await client.hear(3) == [
            Event("count", {"n": 0}),
            Event("count", {"n": 1}),
            Response(7, True, {}),
        ]
        assert methods.ended == ["count"]


@pytest.mark.parametrize("value", [{1: 2}, {"a": "b"}, [1], b"bytes", datetime.datetime.now(datetime.UTC)])
@on_loop
async def test_what_no_verb_needs_is_refused(tmp_path: Path, value: object) -> None:
    async with talking(tmp_path / "s") as (methods, client):
        client.ask(1, "status", value=value)
        client.ask(2, "status", value=None)
        answers = {answer.id: answer for answer in await client.hear(2) if isinstance(answer, Response)}
        assert answers[1].data["code"] == "invalid"
        assert answers[2] == Response(2, True, {"method": "status"})
        assert methods.running == ["status"]


@on_loop
async def test_a_reason_as_long_as_a_frame_is_cut(tmp_path: Path) -> None:
    async with talking(tmp_path / "s") as (_, client):
        client.ask(1, "unknown", why="x" * (MAX_FRAME_BYTES - 100))
        (answer,) = await client.hear(1)
        assert isinstance(answer, Response)
        assert answer.data == {"code": "state", "reason": "not now" + "x" * (MAX_REASON - 7)}


@on_loop
async def test_a_stream_may_fail_at_any_point(tmp_path: Path) -> None:
    async with talking(tmp_path / "s") as (_, client):
        client.ask(1, "count", count=1, then="fail")
        failure = Response(1, False, {"code": "state", "reason": "lost it"})
        assert await client.hear(2) == [Event("count", {"n": 0}), failure]
        client.ask(2, "count", count=0, then="huge")
        (answer,) = await client.hear(1)
        assert isinstance(answer, Response)
        assert answer.data["code"] == "envelope"
        client.ask(3, "unknown")
        assert await client.hear(1) == [Response(3, False, {"code": "state", "reason": "not now"})]


@on_loop
async def test_a_failing_file_is_no_failing_connection(tmp_path: Path) -> None:
    async with talking(tmp_path / "s") as (_, client):
        client.ask(1, "broken file")
        failure = {"code": "error", "reason": "internal error: FileNotFoundError"}
        assert await client.hear(1) == [Response(1, False, failure)]


@on_loop
async def test_a_stream_keeps_nobody_waiting(tmp_path: Path) -> None:
    async with talking(tmp_path / "s") as (methods, client):
        client.ask(1, "count", count=0, then="wait")
        client.ask(2, "status")
        assert await client.hear(1) == [Response(2, True, {"method": "status"})]
        methods.release.set()
        assert await client.hear(1) == [Response(1, True, {})]


@on_loop
async def test_hanging_up_ends_a_stream(tmp_path: Path) -> None:
    async with talking(tmp_path / "s") as (methods, client):
        client.ask(1, "count", count=1, then="wait")
        await client.hear(1)
        client.writer.close()
        await until(lambda: methods.ended == ["count"])


@on_loop
async def test_hanging_up_undoes_nothing(tmp_path: Path) -> None:
    async with talking(tmp_path / "s") as (methods, client):
        client.ask(1, "slow")
        await until(lambda: methods.running == ["slow"])
        client.writer.write_eof()
        methods.release.set()
        assert await client.hear(2) == [Response(1, True, {"method": "slow"})]
        assert methods.ended == ["slow"]


@on_loop
async def test_hanging_up_in_the_middle_of_a_flood(tmp_path: Path) -> None:
    async with talking(tmp_path / "s") as (methods, client):
        client.ask(1, "flood", count=10**9)
        await client.hear(10)
        client.writer.transport.abort()
        await until(lambda: methods.ended == ["flood"])


@on_loop
async def test_the_end_of_the_server_ends_everything(tmp_path: Path) -> None:
    async with talking(tmp_path / "s") as (methods, client):
        client.ask(1, "count", count=0, then="wait")
        client.ask(2, "slow")
        await until(lambda: len(methods.running) == 2)
    assert sorted(methods.ended) == ["count", "slow"]


@on_loop
async def test_too_much_at_once_costs_the_connection(tmp_path: Path) -> None:
    async with talking(tmp_path / "s") as (methods, client):
        for id_ in range(conversation.MAX_REQUESTS + 1):
            client.ask(id_, "slow")
        assert await client.hear(1) == []
        assert len(methods.ended) == len(methods.running)
