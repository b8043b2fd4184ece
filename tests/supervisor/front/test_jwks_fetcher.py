"""The fetcher: keys come in the background, and clients wait for them only while one fetch is under way."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from typing import Any

import pytest

from mediad.supervisor.front import jwks_fetcher
from mediad.supervisor.front.jwks_fetcher import MAX_WAITING, JwksFetcher
from mediad.tokens.jwks_cache import ASKED_S, REFRESH_S
from tests.support.document_server import document_server
from tests.support.loops import on_loop, until
from tests.support.signing import jwk


def document(*keys: Any) -> bytes:
    return json.dumps({"keys": keys}).encode()


OLD, NEW = document(jwk("ed", kid="old")), document(jwk("ec", kid="new"))


class Source:
    """A URL: answers when it is let, and counts how often it is asked."""

    def __init__(self, data: bytes | OSError) -> None:
        self.data = data
        self.asked = 0
        self.open = asyncio.Event()
        self.open.set()
        self.now_s = 1000.0
        self.changes = 0

    async def get(self, url: str, max_bytes: int) -> bytes:
        self.asked += 1
        await self.open.wait()
        if isinstance(self.data, OSError):
            raise self.data
        return self.data

    def changed(self) -> None:
        self.changes += 1

    def fetcher(self) -> JwksFetcher:
        return JwksFetcher("https://login.example/jwks?key=1", self.changed, self.get, lambda: self.now_s)


@on_loop
async def test_from_a_server() -> None:
    changes: list[int] = []
    async with document_server(OLD) as server:
        fetcher = JwksFetcher(server.url, lambda: changes.append(1))
        fetcher.start()
        await fetcher.ready_for("old")
        assert [key.kid for key in fetcher.cache.keys] == ["old"]
        server.serve_document(NEW)
        fetcher.refresh()
        await until(lambda: len(changes) == 2)
        assert [key.kid for key in fetcher.cache.keys] == ["new"]
        server.serve_document(b"", b"500 Broken")
        fetcher.refresh()
        await until(lambda: fetcher.cache.trouble != "")
        assert fetcher.cache.trouble == "it answers with status 500"
        assert [key.kid for key in fetcher.cache.keys] == ["new"]
        fetcher.stop()


@on_loop
async def test_unknown_keys_make_no_more_than_one_fetch_a_minute() -> None:
    source = Source(OLD)
    fetcher = source.fetcher()
    fetcher.start()
    await fetcher.ready_for("old")
    assert source.asked == 1
    begun = time.monotonic()
    for number in range(1000):
        await fetcher.ready_for(f"guess-{number}")
    assert time.monotonic() - begun < 30, "nobody waits"
    assert source.asked == 1
    source.now_s += ASKED_S
    source.data = NEW
    await fetcher.ready_for("new")
    assert (source.asked, source.changes) == (2, 2)
    assert [key.kid for key in fetcher.cache.keys] == ["new"]
    fetcher.stop()


@on_loop
async def test_clients_that_wait_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jwks_fetcher, "WAIT_S", 60)
    source = Source(OLD)
    source.open.clear()
    fetcher = source.fetcher()
    fetcher.start()
    waiting = [asyncio.create_task(fetcher.ready_for(f"k{n}")) for n in range(2 * MAX_WAITING)]
    await asyncio.sleep(0)
    await asyncio.wait(waiting, timeout=0.2)
    assert sum(not task.done() for task in waiting) == MAX_WAITING
    source.open.set()
    await asyncio.wait_for(asyncio.gather(*waiting), 20)
    assert source.asked == 1
    fetcher.stop()


@on_loop
async def test_nobody_waits_for_a_server_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jwks_fetcher, "WAIT_S", 0.05)
    source = Source(OLD)
    source.open.clear()
    fetcher = source.fetcher()
    fetcher.start()
    await asyncio.wait_for(fetcher.ready_for(None), 20)
    assert fetcher.cache.keys == ()
    fetcher.stop()


@on_loop
async def test_outages_are_said_once_and_keys_stay(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    source = Source(OLD)
    fetcher = source.fetcher()
    await fetcher.fetch()
    source.data = OSError(None, "no route")
    for _ in range(3):
        source.now_s += REFRESH_S
        await fetcher.fetch()
    source.data = OLD
    await fetcher.fetch()
    said = [record.getMessage() for record in caplog.records]
    assert [line for line in said if "no route" in line] == [
        "jwt_jwks: the keys of tokens could not be fetched from login.example: no route; the 1 key fetched "
        "before stay in force, and it is tried again"
    ]
    assert said[-1] == "jwt_jwks: login.example answers again"
    assert source.changes == 1
    assert "key=1" not in "".join(said)


@on_loop
async def test_a_fetch_takes_so_long_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jwks_fetcher, "FETCH_TIMEOUT_S", 0.05)
    async with document_server() as server:
        server.silent = True
        fetcher = JwksFetcher(server.url, lambda: None)
        await asyncio.wait_for(fetcher.fetch(), 20)
        assert fetcher.cache.trouble == "no answer within 0.05 s"
