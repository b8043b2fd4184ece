"""Additions to uvicorn's WebSocket protocol: close codes arrive, and connections end."""

from __future__ import annotations

import asyncio
import json

import pytest

from mediad.signaling.server.options import MAX_MESSAGE_BYTES, uvicorn_options
from mediad.signaling.server.websocket_protocol import SignalingProtocol
from tests.support.signaling import PATIENCE_S, Front, run


def message(size: int) -> str:
    """A valid request of exactly this many bytes."""
    head = '{"request":true,"id":1,"method":"getRouterRtpCapabilities","data":{"padding":"'
    return head + "x" * (size - len(head) - 3) + '"}}'


def test_the_largest_message_is_heard() -> None:
    async def scenario(running: Front) -> None:
        ana = await running.member("ana")
        text = message(MAX_MESSAGE_BYTES)
        assert len(text) == MAX_MESSAGE_BYTES
        assert json.loads(text)
        await ana.socket.send(text)
        reply = await ana.until(lambda frame: frame.get("id") == 1)
        assert reply["ok"] is True

    run(scenario)


@pytest.mark.parametrize("size", [MAX_MESSAGE_BYTES + 1, 20 * MAX_MESSAGE_BYTES])
def test_a_larger_message_closes_with_1009_however_large_it_is(size: int) -> None:
    async def scenario(running: Front) -> None:
        ana, ben = await running.member("ana"), await running.member("ben")
        sending = asyncio.create_task(ana.socket.send(message(size)))
        assert await ana.closed() == 1009
        await asyncio.gather(sending, return_exceptions=True)
        assert await ben.notified("peerClosed") == {"peerId": "ana"}

    run(scenario)


def test_the_rest_of_a_large_message_is_read_so_that_no_reset_overtakes_the_close() -> None:
    async def scenario(running: Front) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        path = running.url(roomId="room", peerId="ana").partition(str(running.port))[2]
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            "Sec-WebSocket-Protocol: protoo\r\n\r\n".encode()
        )
        await reader.readuntil(b"\r\n\r\n")
        size = 64 * 1024 * 1024
        writer.write(b"\x81\xff" + size.to_bytes(8, "big") + bytes(4))
        for _ in range(64):
            writer.write(bytes(size // 64))
            await writer.drain()
        received = await asyncio.wait_for(reader.read(), PATIENCE_S)
        close = received[received.rindex(b"\x88") :]
        assert int.from_bytes(close[2:4], "big") == 1009
        writer.close()

    run(scenario)


def test_fragments_count_together() -> None:
    async def scenario(running: Front) -> None:
        ana = await running.connect("ana")

        async def fragments() -> None:
            await ana.socket.send(["x" * 300_000] * 4)

        sending = asyncio.create_task(fragments())
        assert await ana.closed() == 1009
        await asyncio.gather(sending, return_exceptions=True)

    run(scenario)


def test_a_broken_frame_closes_with_1002() -> None:
    async def scenario(running: Front) -> None:
        ana = await running.connect("ana")
        ana.socket.transport.write(b"\xff\xff\xff\xff")
        assert await ana.closed() == 1002

    run(scenario)


def test_text_that_is_no_utf8_closes_with_1007() -> None:
    async def scenario(running: Front) -> None:
        ana = await running.connect("ana")
        ana.socket.transport.write(b"\x81\x82\x00\x00\x00\x00\xff\xfe")
        assert await ana.closed() == 1007

    run(scenario)


def test_the_server_survives_all_of_it() -> None:
    async def scenario(running: Front) -> None:
        for index in range(3):
            broken = await running.connect(f"broken{index}")
            broken.socket.transport.write(b"\xff" * 100)
            broken.socket.transport.abort()
        ana = await running.member("ana")
        await ana.sync()

    run(scenario)


def test_the_options_are_what_the_protocol_needs() -> None:
    options = uvicorn_options()
    assert options["proxy_headers"] is False
    assert options["ws"] is SignalingProtocol
    assert options["ws_max_size"] == 960_000
    assert options["ws_ping_interval"] <= 60
