"""The feed: numbered, bounded, and readable by the slow."""

from __future__ import annotations

import asyncio
import datetime
from typing import Any

import pytest

from mediad.telemetry.feed import Event, Feed
from tests.support.loops import on_loop


def numbers(events: list[dict[str, Any]]) -> list[int]:
    return [event["seq"] for event in events]


def test_an_event_says_what_when_and_where() -> None:
    noon = datetime.datetime(2025, 3, 9, 12, 0, 0, 123456, tzinfo=datetime.UTC)
    feed = Feed(now=lambda: noon)
    event = feed.publish("peer.joined", room="lobby", peer="ana", worker=None)
    assert event == {
        "seq": 1,
        "id": f"{feed.run}-1",
        "time": "2025-03-09T12:00:00.123Z",
        "type": "peer.joined",
        "room": "lobby",
        "peer": "ana",
    }
    assert Feed().run != feed.run


def test_only_known_types() -> None:
    with pytest.raises(AssertionError):
        Feed().publish("peer.sneezed")


def test_readers_continue_where_they_were() -> None:
    feed = Feed(kept=3)
    assert feed.after(0) == []
    for _ in range(3):
        feed.publish("room.opened")
    assert numbers(feed.after(0)) == [1, 2, 3]
    assert numbers(feed.after(2)) == [3]
    assert feed.after(3) == feed.after(99) == []


def test_who_is_too_far_behind_is_told_how_many_it_lost() -> None:
    feed = Feed(kept=3)
    for _ in range(5):
        feed.publish("room.opened")
    lost, *rest = feed.after(1)
    assert lost == {"seq": 2, "type": "lost", "count": 1}
    assert numbers(rest) == [3, 4, 5]
    assert numbers(feed.after(2)) == [3, 4, 5]


def test_listeners_hear_each_event_once() -> None:
    feed = Feed()
    heard: list[Event] = []
    feed.subscribe(heard.append)
    feed.publish("room.opened")
    feed.publish("room.closed")
    assert [event["type"] for event in heard] == ["room.opened", "room.closed"]


@on_loop
async def test_followers_get_the_past_and_then_the_present() -> None:
    feed = Feed()
    feed.publish("room.opened")
    following = feed.follow(0)
    assert (await anext(following))["seq"] == 1
    waiting = asyncio.ensure_future(anext(following))
    await asyncio.sleep(0)
    assert not waiting.done()
    feed.publish("room.closed")
    feed.publish("node.stopping")
    assert (await waiting)["seq"] == 2
    assert (await anext(following))["seq"] == 3
    await following.aclose()


@on_loop
async def test_a_follower_that_does_not_read_loses_the_oldest_and_nothing_else() -> None:
    feed = Feed(kept=2)
    feed.publish("room.opened")
    following = feed.follow(0)
    await anext(following)
    for _ in range(4):
        feed.publish("room.opened")
    seen = [await anext(following) for _ in range(3)]
    assert [event["type"] for event in seen] == ["lost", "room.opened", "room.opened"]
    assert (seen[0]["count"], numbers(seen[1:])) == (2, [4, 5])
    await following.aclose()
