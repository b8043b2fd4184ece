"""HTTP requests in the log, where somebody looks for them."""

from __future__ import annotations

import asyncio
import logging

import pytest
from starlette.types import Message, Receive, Scope, Send

from mediad.signaling.request_log import RequestLog


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 404})
    await send({"type": "http.response.body"})


def ask() -> list[str]:
    sent: list[str] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message["type"])

    scope = {"type": "http", "method": "GET", "path": "/health", "query_string": b"token=secret"}
    asyncio.run(RequestLog(app)({**scope, "client": ("192.0.2.7", 4711)}, receive, send))
    return sent


def test_a_line_for_each_answer_without_its_query(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    assert ask() == ["http.response.start", "http.response.body"]
    (line,) = [record.getMessage() for record in caplog.records if record.name.startswith("mediad")]
    assert line.startswith("192.0.2.7 asked GET /health: 404 after ")
    assert "secret" not in line


def test_nothing_above_that_level(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    ask()
    assert [record for record in caplog.records if record.name.startswith("mediad")] == []
