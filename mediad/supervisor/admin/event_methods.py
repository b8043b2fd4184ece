"""The method about the feed: `events`, a stream."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import msgspec

from mediad.supervisor.admin.methods import Table, read
from mediad.telemetry.feed import Event, Feed


class EventsRequest(msgspec.Struct, rename="camel"):
    """The choice of events."""

    follow: bool = False
    since: int | None = None
    """The number after which events are shown. Without it: all that are kept, or none when following."""
    room: str | None = None
    type: str | None = None
    """A type, or the first part of several: "peer" means peer.joined and peer.left."""


def table(feed: Feed) -> Table:
    """The method, by name."""

    async def events(data: dict[str, Any]) -> AsyncGenerator[Event, None]:
        request = read(data, EventsRequest)
        if not request.follow:
            for event in feed.after(request.since or 0):
                if _wanted(event, request):
                    yield event
            return
        async for event in feed.follow(feed.last_seq if request.since is None else request.since):
            if _wanted(event, request):
                yield event

    return {"events": events}


def _wanted(event: Event, request: EventsRequest) -> bool:
    """True when the request asks for this event. News of lost events is for every request."""
    type_ = event["type"]
    if type_ == "lost":
        return True
    if request.room is not None and event.get("room") != request.room:
        return False
    return request.type is None or type_ == request.type or type_.startswith(request.type + ".")
