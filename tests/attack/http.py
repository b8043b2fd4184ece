"""Attacks on the HTTP API and the page."""

from __future__ import annotations

import itertools

from tests.attack.attack import Attack
from tests.attack.connections import Attacker, at_once

_PATHS = ("/", "/health", "/stats", "/workers", "/metrics", "/rooms/none", "/../../etc/passwd", "/nothing")
_numbers = itertools.count()


async def _requests(attacker: Attacker) -> None:
    paths = itertools.cycle(_PATHS)
    async with await attacker.connect() as connection:
        while attacker.goes_on:
            await connection.send(f"GET {next(paths)} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            attacker.outcome.sent += 1
            head = await connection.reader.readuntil(b"\r\n\r\n")
            length = head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]
            await connection.reader.readexactly(int(length or 0))
            attacker.outcome.answered(head[9:12].decode())


async def _pipelined(attacker: Attacker) -> None:
    async with await attacker.connect() as connection:
        await attacker.flood(connection, b"GET /stats HTTP/1.1\r\nHost: localhost\r\n\r\n" * 50, 50)


async def _slow_heads(attacker: Attacker) -> None:
    await attacker.trickle(b"GET /stats HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")


async def _slow_bodies(attacker: Attacker) -> None:
    path = f"/rooms/slow{next(_numbers) % 10}/broadcasters"
    await attacker.trickle(
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n".encode()
    )


async def _big(attacker: Attacker, data: bytes) -> None:
    async with await attacker.connect() as connection:
        attacker.outcome.sent += 1
        try:
            await connection.send(data)
        except ConnectionError:
            attacker.outcome.refuse("closed")
            return
        attacker.outcome.refuse(await connection.answer())


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
