"""Attacks on the WebSocket front, by strangers and by peers with a token."""

from __future__ import annotations

import asyncio
import itertools
import random
import zlib
from contextlib import suppress

from tests.attack.attack import Attack
from tests.attack.connections import BINARY, HOST, PING, TEXT, Attacker, at_once, frame, request

_numbers = itertools.count()


async def _connect(attacker: Attacker, host: str = HOST) -> None:
    number = next(_numbers)
    async with await attacker.connect(host) as connection:
        attacker.outcome.sent += 1
        path = attacker.target.path(f"flood{number % 100}", f"f{number}")
        attacker.outcome.answered(await connection.upgrade(path))


async def _connect_from_many(attacker: Attacker) -> None:
    number = next(_numbers)
    await _connect(attacker, f"127.{67 + number % 60}.{number // 60 % 250}.{1 + number // 15_000 % 250}")


async def _slow_head(attacker: Attacker) -> None:
    await attacker.trickle(b"GET /?roomId=slow&peerId=slow HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")


async def _large_frame(attacker: Attacker) -> None:
    number = next(_numbers)
    async with await attacker.open_peer(f"large{number % 10}", f"l{number}") as connection:
        attacker.outcome.sent += 1
        with suppress(ConnectionError):
            await connection.send(frame(TEXT, b"a" * (2 * 2**20 + 1)))
        attacker.outcome.refuse(await connection.close_code())


def _bomb() -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return (packer.compress(bytes(50_000_000)) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]


_BOMB = _bomb()


async def _zip_bomb(attacker: Attacker) -> None:
    number = next(_numbers)
    async with await attacker.connect() as connection:
        path = attacker.target.path(f"zip{number % 10}", f"z{number}")
        status = await connection.upgrade(path, "Sec-WebSocket-Extensions: permessage-deflate\r\n")
        if status != "101":
            attacker.outcome.refuse(status)
            return
        attacker.outcome.sent += 1
        with suppress(ConnectionError):
            await connection.send(frame(BINARY, _BOMB, first_bits=0x40))
        attacker.outcome.refuse(await connection.close_code())


async def _messages(attacker: Attacker) -> None:
    number = next(_numbers)
    asks = itertools.cycle(
        ["getRouterRtpCapabilities", "closeProducer", "getTransportStats", "changeDisplayName"]
    )
    chunk = b"".join(
        request(index, method, '{"producerId":"x"}') for index, method in zip(range(50), asks, strict=False)
    )
    async with await attacker.open_peer(f"talk{number % 4}", f"t{number}") as connection:
        await attacker.flood(connection, chunk, 50)


async def _pings(attacker: Attacker) -> None:
    number = next(_numbers)
    async with await attacker.open_peer(f"ping{number % 4}", f"p{number}") as connection:
        await attacker.flood(connection, frame(PING, b"x" * 125) * 100, 100)


async def _junk(attacker: Attacker) -> None:
    number = next(_numbers)
    rng = random.Random(number)
    pieces = [
        frame(TEXT, rng.randbytes(rng.randrange(200))),
        frame(BINARY, rng.randbytes(rng.randrange(200))),
        frame(TEXT, b"[" * 20_000),
        frame(TEXT, b'{"request":true,"id":1,"method":"join","data":' + b'{"a":' * 400 + b"1" + b"}" * 401),
        frame(rng.randrange(3, 16), b"x"),
        frame(TEXT, b"", final=False) * 200,
        rng.randbytes(300),
    ]
    async with await attacker.open_peer(f"junk{number % 10}", f"j{number}") as connection:
        for piece in rng.sample(pieces, 3):
            attacker.outcome.sent += 1
            await connection.send(piece)
        attacker.outcome.refuse(await connection.close_code())


async def _deaf(attacker: Attacker) -> None:
    number = next(_numbers)
    connection = await attacker.open_peer(f"deaf{number % 4}", f"d{number}")
    connection.writer.transport.pause_reading()  # type: ignore[attr-defined]
    chunk = b"".join(request(index, "getRouterRtpCapabilities") for index in range(20))
    try:
        while attacker.goes_on:
            attacker.outcome.sent += 20
            async with asyncio.timeout(attacker.left_s):
                await connection.send(chunk)
    except TimeoutError:
        attacker.outcome.reasons["held"] = attacker.outcome.reasons.get("held", 0) + 1
    finally:
        connection.close()


ATTACKS = (
    Attack(
        "ws-connects", "one address connects, upgrades and goes, as fast as it can", at_once(64, _connect)
    ),
    Attack("ws-connects-many", "the same from thousands of addresses", at_once(64, _connect_from_many)),
    Attack("ws-slowloris", "1000 connections whose heads never end", at_once(1000, _slow_head)),
    Attack("ws-large-frames", "peers send frames of 2 MiB and a byte", at_once(8, _large_frame)),
    Attack("ws-zip-bombs", "peers send 50 MB of zeros, compressed", at_once(8, _zip_bomb)),
    Attack("ws-messages", "8 peers send requests without end", at_once(8, _messages)),
    Attack("ws-pings", "8 peers send pings without end", at_once(8, _pings)),
    Attack("ws-junk", "peers send what is no message, and no frame", at_once(16, _junk)),
    Attack("ws-deaf", "200 peers ask without end and read nothing", at_once(200, _deaf)),
)
