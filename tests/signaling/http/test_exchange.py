"""Reading bodies of the HTTP API, and the statuses of its errors."""

from __future__ import annotations

import asyncio
import logging

import pytest

from mediad.errors import (
    Forbidden,
    Full,
    InvalidInput,
    InvalidState,
    MediadError,
    NotFound,
    Unsupported,
    WorkerDied,
)
from mediad.signaling.http.exchange import MAX_BODY_BYTES, status_of
from mediad.signaling.server.client_connection import FrontState
from mediad.signaling.server.ledger import Ledger
from tests.support.broadcasting import Owner, ask
from tests.support.signaling import PATIENCE_S, Front, eventually, raw, run


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InvalidInput, 400),
        (Forbidden, 403),
        (NotFound, 404),
        (InvalidState, 409),
        (Unsupported, 500),
        (WorkerDied, 500),
        (Full, 503),
    ],
)
def test_every_error_has_its_status(error: type[MediadError], status: int) -> None:
    assert status_of(error("because")) == status


@pytest.mark.parametrize(
    ("text", "status"),
    [("{", 400), ("[]", 400), ("7", 400), ("\ufeff{}", 400), ("{" + " " * MAX_BODY_BYTES + "}", 413)],
)
def test_bodies_that_are_no_objects(text: str, status: int) -> None:
    async def scenario(running: Front) -> None:
        await running.member("ana")
        answer = await ask(running, "POST", Owner(running, "cam").all, text=text)
        assert answer.status == status

    run(scenario)


def test_a_client_that_leaves_within_a_body_is_no_error_of_ours(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def scenario(running: Front) -> None:
        head = f"POST {Owner(running, 'cam').all} HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{{"
        _, writer = await raw(running, head.encode())
        await asyncio.sleep(0.05)
        writer.close()
        await eventually(
            lambda: any("the request has no end" in line.getMessage() for line in caplog.records)
        )

    run(scenario)
    assert not [line for line in caplog.records if line.levelno >= logging.WARNING]


def test_unfinished_bodies_count_among_what_all_connections_hold() -> None:
    async def scenario(running: Front) -> None:
        head = f"POST {Owner(running, 'cam').all} HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n"
        bodies = [await raw(running, head.encode() + b" " * 8_000) for _ in range(3)]
        ends = [asyncio.ensure_future(reader.read()) for reader, _ in bodies]
        done, _ = await asyncio.wait(ends, timeout=PATIENCE_S, return_when=asyncio.FIRST_COMPLETED)
        assert 0 < len(done) < len(ends)
        for _, writer in bodies:
            writer.close()
        await asyncio.gather(*ends, return_exceptions=True)

    run(scenario, front_state=FrontState(ledger=Ledger(limit_bytes=20_000)))


def test_other_methods_are_refused() -> None:
    async def scenario(running: Front) -> None:
        assert (await ask(running, "DELETE", "/rooms/room")).status == 405

    run(scenario)


def test_a_large_body_within_the_limit_is_read() -> None:
    async def scenario(running: Front) -> None:
        await running.member("ana")
        answer = await Owner(running, "cam").create_in_a(padding="x" * (MAX_BODY_BYTES - 1000))
        assert answer.status == 200

    run(scenario)
