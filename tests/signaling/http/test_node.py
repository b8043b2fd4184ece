"""The node's state over HTTP."""

from __future__ import annotations

from tests.support.signaling import Front, run


def test_status_is_json() -> None:
    async def scenario(running: Front) -> None:
        for path in ("/stats", "/workers", "/health"):
            status, headers, body = await running.get(path)
            assert status == 200
            assert headers["content-type"] == "application/json"
            assert headers["cache-control"] == "no-store"
            assert body.startswith(b"{")
        running.status.state = "draining"
        status, _, body = await running.get("/health")
        assert (status, body) == (503, b'{"status":"draining"}')

    run(scenario)


def test_metrics_are_whatever_is_scraped() -> None:
    async def scrape(accept: str) -> tuple[bytes, str]:
        return f"mediad_x 1 # {accept}\n".encode(), "text/plain; version=0.0.4"

    async def scenario(running: Front) -> None:
        head = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept: text/special\r\nConnection: close\r\n\r\n"
        status, headers, body = await running.http(head)
        assert (status, body) == (200, b"mediad_x 1 # text/special\n")
        assert headers["content-type"] == "text/plain; version=0.0.4"

    run(scenario, scrape=scrape)


def test_an_app_without_metrics_says_so() -> None:
    async def scenario(running: Front) -> None:
        assert (await running.get("/metrics"))[0] == 404

    run(scenario)
