"""Connections to URLs, over a resolver of the test's own: what DNS says does not decide who is asked."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from typing import Any

import pytest

from mediad.telemetry.outgoing import connect
from tests.support.loops import on_loop
from tests.support.webhook_sink import webhook_sink


def answers(monkeypatch: pytest.MonkeyPatch, *lookups: list[str]) -> list[str]:
    """Have the loop's resolver answer names with these lists in turn; return the list of what it is asked."""
    asked: list[str] = []
    remaining = list(lookups)
    loop = asyncio.get_running_loop()
    real = loop.getaddrinfo

    async def getaddrinfo(host: Any, port: Any, **options: Any) -> Any:
        try:
            ipaddress.ip_address(host)
        except ValueError:
            asked.append(host)
            ips = remaining.pop(0)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in ips]
        return await real(host, port, **options)

    monkeypatch.setattr(loop, "getaddrinfo", getaddrinfo)
    return asked


async def refusal(host: str, port: int = 80, *allowed: str) -> str:
    networks = [ipaddress.ip_network(text) for text in allowed]
    with pytest.raises(OSError, match=r".") as caught:
        await connect(host, port, None, networks, "webhook_allow")
    return str(caught.value.strerror)


@on_loop
async def test_addresses_behind_the_firewall_are_not_connected_to() -> None:
    assert await refusal("10.0.0.1") == "10.0.0.1: it is a private address, and outside of webhook_allow"
    assert "metadata" in await refusal("169.254.169.254")
    assert "link-local" in await refusal("fe80::1%1")
    assert "private" in await refusal("::ffff:10.0.0.1")
    assert "unspecified" in await refusal("0.0.0.0")


@on_loop
async def test_a_name_that_leads_to_loopback_is_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    async with webhook_sink() as sink:
        answers(monkeypatch, ["127.0.0.1"])
        why = await refusal("attacker.example", sink.port)
        assert why.startswith("attacker.example leads to 127.0.0.1: it is a loopback address")


@on_loop
async def test_the_name_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: the first answer is checked, and a second one would be what is connected to."""
    async with webhook_sink() as sink:
        asked = answers(monkeypatch, ["127.0.0.7", "127.0.0.1"], ["10.0.0.1"])
        networks = [ipaddress.ip_network("127.0.0.1/32")]
        _, writer = await connect("app.example", sink.port, None, networks, "webhook_allow")
        assert asked == ["app.example"]
        assert writer.get_extra_info("peername") == ("127.0.0.1", sink.port)
        writer.close()


@on_loop
async def test_loopback_that_the_url_names_is_meant() -> None:
    async with webhook_sink() as sink:
        for host in ("127.0.0.1", "localhost"):
            _, writer = await connect(host, sink.port, None, (), "webhook_allow")
            writer.close()


@on_loop
async def test_a_name_like_localhost_that_leads_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, ["10.0.0.1"])
    assert "private" in await refusal("localhost")
