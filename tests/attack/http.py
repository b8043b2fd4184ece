"""Attacks on the HTTP API and the page."""

from __future__ import annotations

import asyncio
import itertools

from tests.attack.attack import Attack
from tests.attack.connections import Attacker, at_once

_PATHS = ("/", "/health", "/stats", "/workers", "/metrics", "/rooms/none", "/../../etc/passwd", "/nothing")
_numbers = itertools.count()


async def _requests(attacker: Attacker) -> None:
    connection = await attacker.connect()
    paths = itertools.cycle(_PATHS)
    try:
        while attacker.goes_on:
            await connection.send(f"GET {next(paths)} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            attacker.outcome.sent += 1
            head = await connection.reader.readuntil(b"\r\n\r\n")
            size = next(
                (
                    int(line[15:])
                    for line in head.lower().split(b"\r\n")
                    if line.startswith(b"content-length:")
                ),
                0,
            )
            await connection.reader.readexactly(size)
            status = head[9:12].decode()
            if status == "200" or status == "404":
                attacker.outcome.accepted += 1
            else:
                attacker.outcome.refuse(status)
    finally:
        connection.close()


async def _pipelined(attacker: Attacker) -> None:
    connection = await attacker.connect()
    chunk = b"GET /stats HTTP/1.1\r\nHost: localhost\r\n\r\n" * 50

    async def read() -> None:
        while data := await connection.reader.read(1 << 18):
            attacker.outcome.answered_bytes += len(data)

    reading = asyncio.create_task(read())
    try:
        while attacker.goes_on and not reading.done():
            await connection.send(chunk)
            attacker.outcome.sent += 50
            await asyncio.sleep(0)
        attacker.outcome.refuse("closed")
    finally:
        reading.cancel()
        connection.close()


async def _slow(attacker: Attacker, head: bytes) -> None:
    connection = await attacker.connect()
    try:
        await connection.send(head)
        attacker.outcome.sent += 1
        while attacker.goes_on:
            await connection.send(b"a")
            try:
                async with asyncio.timeout(1):
                    answer = await connection.reader.read(1000)
            except TimeoutError:
                continue
            attacker.outcome.refuse(answer[9:12].decode() if answer else "closed")
            return
    finally:
        connection.close()


async def _slow_heads(attacker: Attacker) -> None:
    await _slow(attacker, b"GET /stats HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")


async def _slow_bodies(attacker: Attacker) -> None:
    path = f"/rooms/slow{next(_numbers) % 10}/broadcasters"
    await _slow(
        attacker, f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n".encode()
    )


async def _big(attacker: Attacker, data: bytes) -> None:
    connection = await attacker.connect()
    try:
        attacker.outcome.sent += 1
        try:
            await connection.send(data)
        except ConnectionError:
            attacker.outcome.refuse("closed")
            return
        status = await connection.answer()
        attacker.outcome.refuse(status)
    finally:
        connection.close()


async def _big_heads(attacker: Attacker) -> None:
    await _big(attacker, b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Big: " + b"a" * 1_000_000 + b"\r\n\r\n")


async def _many_heads(attacker: Attacker) -> None:
    lines = b"".join(b"a%d: b\r\n" % number for number in range(50_000))
    await _big(attacker, b"GET / HTTP/1.1\r\nHost: localhost\r\n" + lines + b"\r\n")


async def _big_bodies(attacker: Attacker) -> None:
    body = b'{"id":"' + b"a" * 4_000_000 + b'"}'
    head = f"POST /rooms/big/broadcasters HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    await _big(attacker, head.encode() + body)


ATTACKS = (
    Attack("http-requests", "32 connections ask for every page, one after the other", at_once(32, _requests)),
    Attack("http-pipelined", "8 connections ask for the status without waiting", at_once(8, _pipelined)),
    Attack("http-slow-heads", "1000 requests whose heads never end", at_once(1000, _slow_heads)),
    Attack("http-slow-bodies", "1000 requests whose bodies never end", at_once(1000, _slow_bodies)),
    Attack("http-big-heads", "heads of a megabyte", at_once(16, _big_heads)),
    Attack("http-many-heads", "heads of 50 000 lines", at_once(16, _many_heads)),
    Attack("http-big-bodies", "bodies of four megabytes", at_once(16, _big_bodies)),
)
