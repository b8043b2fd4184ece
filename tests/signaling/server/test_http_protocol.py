"""Requests that never end, are too long, or are none: an answer, a deadline, and one quiet line for each."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any

import pytest

from mediad.signaling.server.client_connection import FrontState
from mediad.signaling.server.input_budget import InputLimits
from mediad.signaling.server.ledger import Ledger
from tests.support.signaling import PATIENCE_S, Front, eventually, front_state, raw, run, said, upgrade

GET = b"GET /health HTTP/1.1\r\nHost: localhost\r\n"


def status(answer: bytes) -> int:
    return int(answer.split()[1])


def answered(*portions: bytes, **limits: Any) -> bytes:
    answers: list[bytes] = []

    async def scenario(running: Front) -> None:
        answers.append(await said(running, *portions))
        assert (await running.get("/health"))[0] == 200

    run(scenario, front_state=front_state(**limits))
    return answers[0]


@pytest.mark.parametrize(
    "line",
    ["Cookie: " + "c" * 9_000, "Cookie: " + "c" * 20_000, "X-A: " + "a" * 10_000],
)
def test_a_head_with_a_large_cookie_is_an_ordinary_head(line: str) -> None:
    async def scenario(running: Front) -> None:
        reader, writer = await raw(running, upgrade("ana", line))
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE_S)
        assert status(head) == 101
        writer.close()

    run(scenario)


@pytest.mark.parametrize(
    ("portions", "expected"),
    [
        ((upgrade("ana", f"Cookie: {'c' * 60_000}"),), 431),
        ((upgrade("ana", *(f"X-{index}: a" for index in range(300))),), 431),
        ((upgrade("ana", token="t" * 60_000),), 414),
        ((GET, b"X-A: " + b"a" * 200_000), 431),
        ((b"GET /" + b"a" * 200_000,), 414),
        ((b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\r\n\r\n"), 400),
        ((b"GET /health HTTP/1.1\r\n\r\n",), 400),
        ((GET + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",), 400),
        ((GET + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n",), 400),
        ((upgrade("ana").replace(b"GET", b"POST", 1),), 405),
        ((upgrade("ana", "Content-Length: 5"), b"hello"), 400),
        ((upgrade("ana", "Transfer-Encoding: chunked"), b"5\r\nhello\r\n0\r\n\r\n"), 400),
        ((upgrade("ana").replace(b"AAAA", b"zz", 1),), 400),
        ((upgrade("ana").replace(b"Version: 13", b"Version: 7"),), 400),
    ],
)
def test_what_is_no_proper_request_is_answered_and_closed(
    portions: tuple[bytes, ...], expected: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    answer = answered(*portions)
    assert status(answer) == expected
    assert b"connection: close" in answer.lower()
    lines = [record for record in caplog.records if "refused" in record.getMessage()]
    assert [line.levelname for line in lines] == ["INFO"]
    assert lines[0].getMessage().startswith(f"client 127.0.0.1: refused with {expected}: ")
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []


@pytest.mark.parametrize(
    ("portions", "expected"),
    [
        ((GET,), 408),
        ((upgrade("ana")[:-30],), 408),
        ((GET.replace(b"GET", b"POST") + b"Content-Length: 5\r\n\r\nab",), 408),
        ((GET.replace(b"GET", b"POST") + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",), 408),
    ],
)
def test_what_begins_must_end(portions: tuple[bytes, ...], expected: int) -> None:
    answer = answered(*portions, head_timeout_s=0.1, body_timeout_s=0.1)
    assert status(answer[answer.rindex(b"HTTP/1.1 ") :]) == expected


def test_a_drop_now_and_then_does_not_make_a_head_last_longer() -> None:
    async def scenario(running: Front) -> None:
        reader, writer = await raw(running, GET + b"X-A: ")

        async def drip() -> None:
            while True:
                writer.write(b"b")
                await asyncio.sleep(0.01)

        dripping = asyncio.create_task(drip())
        answer = await asyncio.wait_for(reader.read(1000), PATIENCE_S)
        dripping.cancel()
        writer.close()
        assert status(answer) == 408

    run(scenario, front_state=front_state(head_timeout_s=0.2))


def test_who_says_nothing_is_let_go_without_a_word(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert answered(b"", head_timeout_s=0.05) == b""
    assert [record for record in caplog.records if "client" in record.getMessage()] == []


def test_an_answer_nobody_takes_is_given_up() -> None:
    async def scrape(accept: str) -> tuple[bytes, str]:
        return b"x" * 50_000_000, "text/plain"

    async def scenario(running: Front) -> None:
        reader, writer = await raw(running, b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE_S)
        await eventually(lambda: running.connection_count() == 0)
        writer.close()

    run(scenario, scrape=scrape, front_state=front_state(response_timeout_s=0.1))


def test_answers_that_nobody_reads_count_as_memory_and_are_dropped_for_others() -> None:
    """Answers that wait for slow readers are bounded in all: who holds most goes, and others are answered."""

    async def scrape(accept: str) -> tuple[bytes, str]:
        return b"x" * 20_000_000, "text/plain"

    async def scenario(running: Front) -> None:
        clients = [await raw(running, b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n") for _ in range(8)]
        for reader, _ in clients:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE_S)
        await eventually(lambda: running.connection_count() <= 5)
        assert 0 < state.ledger.held_bytes <= limit_bytes
        assert (await running.get("/health"))[0] == 200
        for _, writer in clients:
            writer.close()
        await eventually(lambda: state.ledger.held_bytes == 0)

    limit_bytes = 40_000_000
    state = FrontState(ledger=Ledger(limit_bytes))
    run(scenario, scrape=scrape, front_state=state)
    assert state.budgets.refused["front_memory"] >= 3


def test_requests_without_end_are_left_unread_then_refused() -> None:
    async def scenario(running: Front) -> None:
        received = await said(running, (GET + b"\r\n") * 5000)
        assert b"429 Too Many Requests\r\nRetry-After: 10\r\n" in received
        assert 20 <= received.count(b"200 OK") < 1000

    limits = InputLimits(burst_us=10_000, per_s_us=10_000, patience_s=0.3)
    run(scenario, front_state=front_state(input=limits))


def test_a_refusal_is_the_answer_to_a_request() -> None:
    """Clients read ahead: what comes before the next request is lost to them."""

    async def scenario(running: Front) -> None:
        reader, writer = await raw(running, b"")
        for number in range(100):
            with pytest.raises(TimeoutError):  # later ones wait for less than the budget allows
                await asyncio.wait_for(reader.read(1), 0.005 if number < 20 else 0.4)
            writer.write(GET + b"\r\n")
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE_S)
            await reader.readexactly(int(head.lower().partition(b"content-length:")[2].split()[0]))
            if status(head) == 429:
                break
        assert status(head) == 429
        writer.close()

    limits = InputLimits(burst_us=10_000, per_s_us=1_000, patience_s=0.3)
    run(scenario, front_state=front_state(input=limits))


def test_nothing_a_stranger_asks_for_is_an_error(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    targets = [
        "/%00",
        "/%ff",
        "/..%2f..%2fetc/passwd",
        "/" + "a" * 5000,
        "/a/" * 200,
        "/%ED%A0%BD",
        "//x",
        "*",
    ]
    targets += ["http://localhost/health", "/health?%00=%ff", "/assets/%0a", "/?roomId=%ED%A0%BD&peerId=%00"]

    async def scenario(running: Front) -> None:
        for target in targets:
            for method in ("GET", "HEAD", "POST", "OPTIONS", "TRACE", "BREW"):
                request = f"{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
                assert status(await said(running, request.encode())) in range(200, 506)
            head = upgrade("ana").replace(b"GET /?roomId=room&peerId=ana", f"GET {target}".encode())
            reader, writer = await raw(running, head)
            assert status(await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE_S)) in range(
                101, 506
            )
            writer.close()

    run(scenario)
    loud = [record.getMessage() for record in caplog.records if record.levelno > logging.INFO]
    assert loud == []
