"""Webhooks: signed, in order, and patient."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from mediad.telemetry import webhooks as webhooks_module
from mediad.telemetry.feed import Feed
from mediad.telemetry.outbox import Outbox
from mediad.telemetry.webhooks import LONGEST_DELAY_S, Webhooks, retry_delay_s, signature
from tests.support.loops import on_loop, until
from tests.support.webhook_sink import webhook_sink


@asynccontextmanager
async def sending(url: str | None, outbox: Outbox | None = None) -> AsyncIterator[tuple[Feed, Webhooks]]:
    feed, webhooks = Feed(), Webhooks(Outbox() if outbox is None else outbox)
    webhooks.configure(url, b"secret")
    feed.subscribe(webhooks.put)
    await webhooks.start()
    try:
        yield feed, webhooks
    finally:
        await webhooks.stop()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks_module, "FIRST_DELAY_S", 0.01)
    monkeypatch.setattr(webhooks_module, "FLUSH_TIMEOUT_S", 0.5)


@on_loop
async def test_events_arrive_signed_and_in_order() -> None:
    async with webhook_sink() as sink, sending(sink.url) as (feed, _):
        for number in range(250):
            feed.publish("peer.joined", room="lobby", peer=f"p{number}")
        await until(lambda: len(sink.events()) == 250)
        assert sink.numbers() == list(range(1, 251))
        assert len(sink.posts) < 10
        for _, headers, body in sink.posts:
            stamp, _, mac = headers["mediad-signature"].partition(",v1=")
            signed = f"{stamp.removeprefix('t=')}.".encode() + body
            assert hmac.compare_digest(mac, hmac.new(b"secret", signed, hashlib.sha256).hexdigest())
        assert sink.events()[0]["room"] == "lobby"


@on_loop
async def test_a_receiver_that_refuses_gets_them_later_all_and_in_order() -> None:
    async with webhook_sink() as sink, sending(sink.url) as (feed, _):
        sink.status = 503
        for _ in range(3):
            feed.publish("room.opened")
        await until(lambda: sink.refused >= 3)
        feed.publish("room.closed")
        sink.status = 204
        await until(lambda: len(sink.events()) == 4)
        assert sink.numbers() == [1, 2, 3, 4]


@on_loop
async def test_a_receiver_that_is_away_misses_nothing() -> None:
    async with webhook_sink() as sink:
        port = sink.port
    async with sending(f"http://127.0.0.1:{port}/") as (feed, _):
        feed.publish("room.opened")
        feed.publish("room.closed")
        async with webhook_sink(port) as sink:
            await until(lambda: len(sink.events()) == 2)


@on_loop
async def test_a_receiver_that_never_answers_is_given_up_and_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(webhooks_module, "POST_TIMEOUT_S", 0.2)
    async with webhook_sink() as sink, sending(sink.url) as (feed, _):
        sink.silent = True
        feed.publish("room.opened")
        await until(lambda: sink.ignored)
        sink.silent = False
        await until(lambda: sink.numbers() == [1])


@on_loop
async def test_the_last_events_leave_before_the_end_and_the_rest_is_kept(tmp_path: Path) -> None:
    path = str(tmp_path / "outbox")
    async with webhook_sink() as sink:
        async with sending(sink.url, Outbox(path)) as (feed, _):
            feed.publish("node.stopping")
        assert sink.numbers() == [1]
        sink.status = 500
        async with sending(sink.url, Outbox(path)) as (feed, _):
            feed.publish("room.closed")
        sink.status = 200
        async with sending(sink.url, Outbox(path)):
            await until(lambda: len(sink.events()) == 2)
        assert sink.events()[1]["type"] == "room.closed"


@on_loop
async def test_a_url_that_leads_nowhere_does_not_end_delivery(caplog: pytest.LogCaptureFixture) -> None:
    async with webhook_sink() as sink, sending(f"http://{'x' * 70}.example/") as (feed, webhooks):
        feed.publish("room.opened")
        await until(lambda: "webhooks are not delivered" in caplog.text)
        webhooks.configure(sink.url, None)
        await until(lambda: sink.numbers() == [1])


@on_loop
async def test_without_a_url_nothing_gathers_and_a_new_one_counts_at_once() -> None:
    outbox = Outbox()
    async with webhook_sink() as sink, sending(None, outbox) as (feed, webhooks):
        feed.publish("room.opened")
        assert len(outbox) == 0
        webhooks.configure("http://127.0.0.1:1/", None)
        feed.publish("room.opened")
        webhooks.configure(sink.url, None)
        await until(lambda: sink.numbers() == [2])
        assert "mediad-signature" not in sink.posts[0][1]


@on_loop
async def test_the_receiver_is_told_how_many_it_lost() -> None:
    async with webhook_sink() as sink, sending(sink.url, Outbox(limit=2)) as (feed, _):
        sink.status = 500
        for _ in range(5):
            feed.publish("room.opened")
        await until(lambda: sink.refused >= 2)
        sink.status = 200
        await until(lambda: sink.numbers() == [4, 5])
        assert [json.loads(body)["lost"] for _, _, body in sink.posts] == [3]


def test_signature_is_over_time_and_body() -> None:
    first = signature(b"k", 1741521600, b"{}")
    assert first.startswith("t=1741521600,v1=")
    assert len({first, signature(b"k", 1741521601, b"{}"), signature(b"l", 1741521600, b"{}")}) == 3


def test_delays_grow_and_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks_module, "FIRST_DELAY_S", 0.5)
    assert [retry_delay_s(failures, 0) for failures in (1, 2, 3, 7, 1000)] == [0.5, 1, 2, 30, LONGEST_DELAY_S]
    assert retry_delay_s(1, 1) == 0.25
