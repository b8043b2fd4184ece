"""The client in docs/client.py, as somebody runs it who reads docs/signaling.md for the first time."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.daemon import ROOT, Daemon
from tests.support.mediactl import mediactl
from tests.support.protoo_client import ProtooClient, Refused
from tests.support.rtp_samples import opus


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    with Daemon(workers=1) as daemon:
        yield daemon


async def produce_sound(daemon: Daemon) -> ProtooClient:
    async def refuse(method: str, data: dict[str, Any]) -> dict[str, Any]:
        raise Refused(403, "I only talk")

    talker = await ProtooClient.open(daemon.ws_url("hello", "ben"), refuse, lambda *_: None)
    transport = await talker.request("createWebRtcTransport", {"producing": True, "consuming": False})
    await talker.request("join", {"displayName": "Ben"})
    sound = {"transportId": transport["id"], "kind": "audio", "rtpParameters": opus()}
    await talker.request("produce", sound)
    return talker


async def visit(daemon: Daemon) -> list[str]:
    """Return the lines that it prints, from its start until an operator removes it."""
    talker = await produce_sound(daemon)
    client = await asyncio.create_subprocess_exec(
        *(sys.executable, "-u", str(ROOT / "docs" / "client.py"), daemon.url.replace("http", "ws"), "hello"),
        stdout=subprocess.PIPE,
    )
    assert client.stdout is not None
    lines: list[str] = []
    async with asyncio.timeout(60):
        async for line in client.stdout:
            lines.append(line.decode().strip())
            if lines[-1].startswith("offered"):
                said = await mediactl(
                    daemon.admin_socket, "peer", "kick", "hello", "watcher", "--reason", "bye"
                )
                assert said.code == 0, said.err
        assert await client.wait() == 0
    await talker.close()
    return lines


def test_it_runs(daemon: Daemon) -> None:
    lines = asyncio.run(visit(daemon))
    assert lines[0].startswith("mediasoup-version ")
    assert "media would come from 127.0.0.1" in lines
    assert "already here: ['Ben']" in lines
    assert "offered: audio of ben" in lines
    assert lines[-1] == "closed: 4000 bye"


def test_it_is_as_short_as_it_says() -> None:
    text = (ROOT / "docs" / "client.py").read_text()
    body = [line for line in text[text.index("import asyncio") :].splitlines() if line.strip()]
    assert len(body) <= 42
