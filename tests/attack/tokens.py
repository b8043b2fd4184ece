"""Attacks with tokens that are no good."""

from __future__ import annotations

import base64
import itertools
import json
import time

import jwt

from tests.attack.attack import Attack
from tests.attack.connections import Attacker, at_once

_numbers = itertools.count()


def _unsigned() -> str:
    parts = ({"alg": "none", "typ": "JWT"}, {"exp": int(time.time()) + 3600})
    return (
        ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
        + "."
    )


def _bad() -> list[str]:
    future = int(time.time()) + 3600
    return [
        jwt.encode({"exp": future}, "another secret, of the right length", "HS256"),
        jwt.encode({"exp": future}, "another secret, of the right length" * 2, "HS512"),
        jwt.encode(
            {"exp": future}, "another secret, of the right length", "HS256", headers={"kid": "x" * 200}
        ),
        _unsigned(),
        "a.b.c",
        "x" * 4000,
    ]


_BAD = _bad()


async def _try_one(attacker: Attacker) -> None:
    number = next(_numbers)
    path = attacker.target.path(f"t{number % 50}", f"t{number}", token=_BAD[number % len(_BAD)])
    async with await attacker.connect() as connection:
        attacker.outcome.sent += 1
        attacker.outcome.answered(await connection.upgrade(path))


ATTACKS = (Attack("tokens", "forged, unsigned and broken tokens from one address", at_once(32, _try_one)),)
