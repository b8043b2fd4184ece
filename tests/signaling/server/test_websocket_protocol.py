"""Limits of a WebSocket's messages and unread output, which other clients do not notice."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from mediad.budgets.budgets import Budgets
from mediad.signaling.app import SignalingSettings
from mediad.signaling.limits import ConnectionLimits
from mediad.signaling.protoo import messages
from mediad.signaling.server.client_connection import FrontLimits, FrontState
from mediad.signaling.server.input_budget import InputLimits
from mediad.signaling.server.ledger import Ledger
from tests.support.frames import CONTINUATION, PING, TEXT, frame
from tests.support.signaling import PATIENCE_S, Front, eventually, front_state, raw, run, said, upgrade

KIB = 1024
SMALL = InputLimits(burst_us=20_000, per_s_us=20_000, patience_s=0.3)


def request(identifier: int, method: str = "getRouterRtpCapabilities", padding: int = 0) -> bytes:
    data = {"padding": "x" * padding} if padding else {}
    return frame(
        TEXT, json.dumps({"request": True, "id": identifier, "method": method, "data": data}).encode()
    )


def close_of(received: bytes) -> tuple[int, str]:
    """Code and reason of the close frame at the end."""
    close = received[received.rindex(b"\x88") :]
    return int.from_bytes(close[2:4], "big"), close[4:].decode()


@asynccontextmanager
async def opened(
    running: Front, peer_id: str = "ana"
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await raw(running, upgrade(peer_id))
    await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE_S)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def flood(running: Front, chunk: bytes, *, first: bytes = b"") -> bytes:
    """Send `chunk` without end, and return the answer until the server has closed."""
    async with opened(running) as (reader, writer):

        async def send() -> None:
            writer.write(first)
            while True:
                writer.write(chunk)
                await writer.drain()

        sending = asyncio.create_task(send())
        received = b""
        async with asyncio.timeout(PATIENCE_S):
            while data := await reader.read(65_536):
                received = received[-300:] + data
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        return received


FLOODS = {
    "pings": (b"", frame(PING, b"x" * 125) * 200),
    "requests": (b"", request(1, "closeProducer") * 100),
    "empty messages": (b"", frame(TEXT) * 1000),
    "pings inside a message": (frame(TEXT, fin=False), frame(PING) * 1000),
}


@pytest.mark.parametrize("name", FLOODS)
def test_who_keeps_on_sending_more_than_is_read_is_closed_with_4429(name: str) -> None:
    async def scenario(running: Front) -> None:
        ben = await running.member("ben")
        first, chunk = FLOODS[name]
        code, reason = close_of(await flood(running, chunk, first=first))
        assert (code, reason.partition(",")[0]) == (4429, "the limit connection_input is reached")
        await ben.sync()

    settings = SignalingSettings(limits=ConnectionLimits(violations=10**6))
    run(scenario, front_state=front_state(input=SMALL), settings=settings)


def test_a_message_costs_its_sender_what_it_takes_to_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """However short it is: which texts take long, a stranger finds out before we do."""
    taken = 0

    def slow_parse(text: str) -> messages.Message:
        nonlocal taken
        taken += 1
        end_ns = time.thread_time_ns() + 5_000_000
        while time.thread_time_ns() < end_ns:
            pass
        raise messages.ProtocolViolation("slow")

    async def scenario(running: Front) -> None:
        monkeypatch.setattr(messages, "parse", slow_parse)
        code, reason = close_of(await flood(running, frame(TEXT, b"{}") * 100))
        assert (code, reason.partition(",")[0]) == (4429, "the limit connection_input is reached")

    settings = SignalingSettings(limits=ConnectionLimits(violations=10**6))
    limits = InputLimits(burst_us=40_000, per_s_us=1_000, patience_s=0.3)
    run(scenario, front_state=front_state(input=limits), settings=settings)
    assert 1 <= taken < 40


def test_a_message_in_thousands_of_fragments_is_closed_with_1008() -> None:
    async def scenario(running: Front) -> None:
        chunk = frame(CONTINUATION, fin=False) * 1000
        code, reason = close_of(await flood(running, chunk, first=frame(TEXT, fin=False)))
        assert (code, reason) == (1008, "a message in more than 1024 fragments")

    run(scenario)


@pytest.mark.parametrize(
    "beginning", [frame(TEXT, b"{", fin=False), frame(TEXT, b"x" * 1000)[:500], frame(TEXT, b"x" * 1000)[:3]]
)
def test_a_message_that_does_not_end_is_closed_with_1008(beginning: bytes) -> None:
    async def scenario(running: Front) -> None:
        async with opened(running) as (reader, writer):
            writer.write(beginning)
            received = await asyncio.wait_for(reader.read(), PATIENCE_S)
            assert close_of(received) == (1008, "a message that did not end within 0.1 s")

    run(scenario, front_state=front_state(message_timeout_s=0.1))


def test_members_may_send_more_at_once_than_strangers() -> None:
    async def scenario(running: Front) -> None:
        ana = await running.connect("ana")
        await ana.socket.send(request(1, padding=30 * KIB)[8:].decode())
        assert (await ana.until(lambda reply: reply.get("id") == 1))["ok"] is True
        stranger = await running.connect("stranger")
        await stranger.socket.send(request(1, padding=65 * KIB)[14:].decode())
        assert await stranger.closed() == 1009
        await ana.join()
        await ana.socket.send(request(2, padding=900 * KIB)[14:].decode())
        assert (await ana.until(lambda reply: reply.get("id") == 2))["ok"] is True

    run(scenario)


async def ask_until_stopped(writer: asyncio.StreamWriter) -> int:
    """Return the number of requests accepted before no more were for half a second."""
    asked = 0
    with contextlib.suppress(TimeoutError):
        while True:
            writer.write(request(1) * 20)
            asked += 20
            await asyncio.wait_for(writer.drain(), 0.5)
    return asked


def test_who_does_not_read_is_not_listened_to_and_costs_little() -> None:
    async def scenario(running: Front) -> None:
        async with opened(running) as (_, writer):
            asked = await ask_until_stopped(writer)
            assert asked > 100
            assert shared.ledger.held_bytes < 1024 * KIB
            ben = await running.member("ben")
            await ben.sync()

    shared = front_state(input=InputLimits(burst_us=10**9))
    run(scenario, front_state=shared)


def test_all_together_hold_no_more_than_the_node_has_for_them() -> None:
    async def scenario(running: Front) -> None:
        honest = await running.member("honest")
        writers = []
        for index in range(40):
            _, writer = await raw(running, upgrade(f"peer{index}"), frame(TEXT, b"a" * 50 * KIB, fin=False))
            writers.append(writer)
            assert shared.ledger.held_bytes <= 1024 * KIB
        await honest.sync()
        await eventually(lambda: running.connection_count() < 30)
        for writer in writers:
            writer.transport.abort()
        await eventually(lambda: shared.ledger.held_bytes < 10 * KIB)

    shared = FrontState(FrontLimits(), Ledger(1024 * KIB))
    run(scenario, front_state=shared)


def test_what_is_held_is_given_back_when_the_connection_ends() -> None:
    async def scenario(running: Front) -> None:
        async with opened(running) as (_, writer):
            writer.write(frame(TEXT, b"a" * 50 * KIB, fin=False))
            await eventually(lambda: shared.ledger.held_bytes >= 50 * KIB)
        await eventually(lambda: running.connection_count() == 0)
        assert shared.ledger.held_bytes == 0

    shared = front_state()
    run(scenario, front_state=shared)


def test_frames_sent_before_the_answer_to_the_upgrade_are_heard() -> None:
    async def scenario(running: Front) -> None:
        async with opened(running, "ben"):
            reader, writer = await raw(running, upgrade("ana") + frame(PING, b"early") + request(7))
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE_S)
            assert head.startswith(b"HTTP/1.1 101 ")
            received = b""
            while b'"id":7' not in received or b"\x8a\x05early" not in received:
                received += await asyncio.wait_for(reader.read(65_536), PATIENCE_S)
            writer.close()

    run(scenario)


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (upgrade("ana").replace(b"protoo", b"other"), 403),
        (upgrade(""), 400),
        (upgrade("ana").replace(b"GET /?", b"GET /elsewhere?"), 404),
    ],
)
def test_a_refused_upgrade_is_one_line_of_information(
    head: bytes, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(running: Front) -> None:
        assert (await said(running, head)).startswith(f"HTTP/1.1 {status} ".encode())

    caplog.set_level(logging.INFO)
    run(scenario)
    assert [record.getMessage() for record in caplog.records if record.levelno > logging.INFO] == []
    lines = [record.getMessage() for record in caplog.records if "refused" in record.getMessage()]
    assert len(lines) == 1
    assert "127.0.0.1" in lines[0]


@pytest.mark.parametrize(
    "bad", [frame(TEXT, b"\xff\xfe"), frame(TEXT, b"{")[:2] + b"\xff" * 9, b"\xf1\x80\0\0\0\0"]
)
def test_broken_frames_are_one_line_of_information(bad: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(running: Front) -> None:
        async with opened(running) as (reader, writer):
            writer.write(bad)
            code, _ = close_of(await asyncio.wait_for(reader.read(), PATIENCE_S))
            assert code in (1002, 1007, 1009)

    caplog.set_level(logging.INFO)
    run(scenario)
    assert [record.getMessage() for record in caplog.records if record.levelno > logging.INFO] == []
    lines = [record.getMessage() for record in caplog.records if "closed with" in record.getMessage()]
    assert len(lines) == 1
    assert lines[0].startswith("client 127.0.0.1: closed with 100")


@pytest.mark.parametrize("light_us", [0, 10**6])
def test_an_address_that_sends_too_much_in_all_waits_and_who_sent_most_of_it_is_closed(light_us: int) -> None:
    budgets = Budgets({"messages": 5})  # a hundred at once

    async def scenario(running: Front) -> None:
        async with opened(running) as (reader, writer):
            writer.write(request(1, "closeProducer") * 130)
            received = b""
            enough = 100 if light_us == 0 else 104
            async with asyncio.timeout(PATIENCE_S):
                while received.count(b'"response"') < enough:
                    received += await reader.read(65536)
                if light_us == 0:
                    received += await reader.read()
            if light_us == 0:
                code, reason = close_of(received)
                assert (code, reason.partition(",")[0]) == (4429, "the limit messages is reached")
            assert budgets.refused["messages"] >= 1

    limits = FrontLimits(input=InputLimits(patience_s=0.3, light_us=light_us))
    settings = SignalingSettings(limits=ConnectionLimits(violations=10**6))
    run(scenario, front_state=FrontState(limits, budgets=budgets), settings=settings)
