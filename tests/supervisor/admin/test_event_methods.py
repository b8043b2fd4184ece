"""Asking for events: all that are kept, or as they happen, and only those that are wanted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from mediad.errors import InvalidInput
from mediad.supervisor.admin import event_methods
from mediad.telemetry.feed import Feed
from tests.support.loops import on_loop


def ask(feed: Feed, **data: Any) -> AsyncGenerator[dict[str, Any], None]:
    answer = event_methods.table(feed)["events"](data)
    assert isinstance(answer, AsyncGenerator)
    return answer


def a_short_call() -> Feed:
    feed = Feed()
    feed.publish("room.opened", room="a")
    feed.publish("peer.joined", room="a", peer="ana")
    feed.publish("peer.left", room="a", peer="ana")
    feed.publish("room.opened", room="b")
    return feed


@on_loop
async def test_all_that_are_kept() -> None:
    feed = a_short_call()
    assert [event["seq"] async for event in ask(feed)] == [1, 2, 3, 4]
    assert [event["seq"] async for event in ask(feed, since=2)] == [3, 4]


@on_loop
async def test_only_those_wanted() -> None:
    feed = a_short_call()
    assert [event["seq"] async for event in ask(feed, room="b")] == [4]
    assert [event["seq"] async for event in ask(feed, type="peer")] == [2, 3]
    assert [event["seq"] async for event in ask(feed, type="peer.left", room="a")] == [3]
    assert [event["seq"] async for event in ask(feed, type="pee")] == []


@on_loop
async def test_news_of_a_loss_are_for_everybody() -> None:
    feed = Feed(kept=1)
    feed.publish("room.opened", room="a")
    feed.publish("room.opened", room="a")
    assert [event["type"] async for event in ask(feed, room="b")] == ["lost"]


@on_loop
async def test_following_begins_now_or_where_one_was() -> None:
    feed = a_short_call()
    from_there = ask(feed, follow=True, since=3)
    assert (await anext(from_there))["seq"] == 4
    from_now = ask(feed, follow=True)
    waiting = asyncio.ensure_future(anext(from_now))
    await asyncio.sleep(0)
    feed.publish("room.closed", room="b")
    assert (await waiting)["seq"] == 5
    for stream in (from_there, from_now):
        await stream.aclose()


@on_loop
async def test_nonsense_is_refused() -> None:
    with pytest.raises(InvalidInput, match="since"):
        await anext(ask(Feed(), since="yesterday"))
