"""Attacks on the media port over TCP (RFC 4571 frames)."""

from __future__ import annotations

import asyncio
import os
import random

from tests.attack.attack import Attack
from tests.attack.connections import HOST, PATIENCE_S, Attacker, Connection, at_once
from tests.support.stun import binding_request


async def _connect(attacker: Attacker) -> Connection:
    async with asyncio.timeout(PATIENCE_S):
        reader, writer = await asyncio.open_connection(*attacker.target.media, local_addr=(HOST, 0))
    return Connection(reader, writer)


async def _come_and_go(attacker: Attacker) -> None:
    async with await _connect(attacker):
        attacker.outcome.sent += 1


async def _stay(attacker: Attacker, first: bytes) -> None:
    """Hold a connection for as long as the server lets one."""
    async with await _connect(attacker) as connection:
        attacker.outcome.sent += 1
        await connection.send(first)
        while attacker.goes_on:
            try:
                async with asyncio.timeout(attacker.left_s):
                    if not await connection.reader.read(1000):
                        attacker.outcome.refuse("closed")
                        return
            except TimeoutError:
                attacker.outcome.accepted += 1


async def _idle(attacker: Attacker) -> None:
    await _stay(attacker, b"")


async def _half_frame(attacker: Attacker) -> None:
    await _stay(attacker, b"\x05\xdc" + bytes(700))


async def _flood(attacker: Attacker, chunk: bytes) -> None:
    async with await _connect(attacker) as connection:
        while attacker.goes_on:
            await connection.send(chunk)
            attacker.outcome.sent += 1
            await asyncio.sleep(0)


async def _junk(attacker: Attacker) -> None:
    await _flood(attacker, random.randbytes(20_000))


async def _checks(attacker: Attacker) -> None:
    user = f"{attacker.target.server_fragment}:them"
    checks = [binding_request(user, "p" * 32, transaction=os.urandom(12)) for _ in range(100)]
    await _flood(attacker, b"".join(len(check).to_bytes(2, "big") + check for check in checks))


async def _empty_frames(attacker: Attacker) -> None:
    await _flood(attacker, bytes(20_000))


ATTACKS = (
    Attack("tcp-connects", "one address connects to the media port and goes", at_once(64, _come_and_go)),
    Attack("tcp-idle", "1500 connections to the media port that say nothing", at_once(1500, _idle)),
    Attack("tcp-half-frames", "1500 connections whose first frame never ends", at_once(1500, _half_frame)),
    Attack("tcp-junk", "any bytes over TCP", at_once(8, _junk)),
    Attack("tcp-checks", "checks with a wrong password over TCP", at_once(8, _checks)),
    Attack("tcp-empty-frames", "frames without content over TCP", at_once(8, _empty_frames)),
)
