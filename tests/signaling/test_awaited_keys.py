"""Requests wait for keys that are being fetched, and only where tokens are needed."""

from __future__ import annotations

import asyncio

from starlette.types import Receive, Scope, Send

from mediad.signaling.access import Access, AccessRules
from mediad.signaling.awaited_keys import AwaitedKeys
from mediad.tokens.gate import TokenRules
from tests.support.signing import SECRET
from tests.support.tokens import signed_with


def scope_of(query: str = "", authorization: str | None = None, kind: str = "http") -> Scope:
    headers = [] if authorization is None else [(b"authorization", authorization.encode())]
    return {"type": kind, "query_string": query.encode(), "headers": headers}


def asked_for(rules: AccessRules, scope: Scope) -> list[str | None]:
    asked: list[str | None] = []

    async def ready_for(token: str | None) -> None:
        asked.append(token)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        asked.append("served")

    async def nothing(*given: object) -> None: ...

    access = Access(rules, ready_for)
    asyncio.run(AwaitedKeys(app, access)(scope, nothing, nothing))  # type: ignore[arg-type]
    return asked


def test_who_waits() -> None:
    needed = AccessRules(signed_with(SECRET))
    assert asked_for(needed, scope_of("token=abc")) == ["abc", "served"]
    assert asked_for(needed, scope_of("token=abc", kind="websocket")) == ["abc", "served"]
    assert asked_for(AccessRules(TokenRules(fetches=True)), scope_of()) == [None, "served"]
    assert asked_for(AccessRules(), scope_of("token=abc")) == ["served"]
    assert asked_for(needed, {"type": "lifespan"}) == ["served"]
