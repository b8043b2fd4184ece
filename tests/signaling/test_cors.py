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
        _, headers, _ = await running.get("/health", Origin=APP)
        assert headers["access-control-allow-credentials"] == "true", "socket.io-client may ask for it"
        access.rules = AccessRules(origins=("*",))
        assert await allowed(running, EVIL) == "*"
        access.rules = AccessRules()
        assert await allowed(running, APP) is None

    run(scenario, settings=SignalingSettings(access=access))


def test_a_foreign_name_that_leads_here_reads_nothing() -> None:
    access = Access(AccessRules(origins=(APP,), names=frozenset({"sfu.example"})))

    async def asked(running: Front, path: str, host: str) -> int:
        request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        return (await running.http(request))[0]

    async def scenario(running: Front) -> None:
        for path in ("/health", "/stats", "/workers", "/metrics"):
            assert await asked(running, path, f"evil.example:{running.port}") == 421
        for host in ("app.example", "sfu.example:3000", f"127.0.0.1:{running.port}", "localhost"):
            assert await asked(running, "/health", host) == 200

    run(scenario, settings=SignalingSettings(access=access))
