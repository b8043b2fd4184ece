"""CORS: which pages may read the HTTP API, while the rules change."""

from __future__ import annotations

from mediad.signaling.access import Access, AccessRules
from mediad.signaling.app import SignalingSettings
from tests.support.signaling import Front, run

APP, EVIL = "https://app.example", "https://evil.example"


async def allowed(running: Front, origin: str) -> str | None:
    status, headers, _ = await running.get("/health", Origin=origin)
    assert status == 200
    return headers.get("access-control-allow-origin")


def test_pages_of_the_named_origins_may_read() -> None:
    access = Access()

    async def scenario(running: Front) -> None:
        assert await allowed(running, APP) is None
        access.rules = AccessRules(origins=(APP,))
        assert [await allowed(running, origin) for origin in (APP, EVIL)] == [APP, None]
        access.rules = AccessRules(origins=("*",))
        assert await allowed(running, EVIL) == "*"
        access.rules = AccessRules()
        assert await allowed(running, APP) is None

    run(scenario, settings=SignalingSettings(access=access))
