"""The feed: events of this node, numbered, kept for a while, and read by any number of readers.

A reader holds nothing but the number of the last event it saw, so a slow one costs the others nothing: the
events that it missed are told as one event of type `lost`.
"""

from __future__ import annotations

import asyncio
import datetime
import secrets
from collections import deque
from collections.abc import AsyncGenerator, Callable
from typing import Any

from mediad.logs.addresses import IN_FORCE

Event = dict[str, Any]
"""An event: `seq`, `id`, `time`, `type`, and facts of the type: `room`, `peer`, `worker`, `cause`, …"""

TYPES = {
    "node.ready": "the daemon serves",
    "node.draining": "no new room is opened any more",
    "node.undrained": "new rooms are welcome again",
    "node.stopping": "the daemon is about to end",
    "room.opened": "its first peer is here",
    "room.closed": "with cause, durationS, and peakPeers, the most members it had",
    "branch.opened": "a room is on this worker too",
    "branch.closed": "a room that goes on elsewhere is not on this worker any more, with cause and reason",
    "peer.joined": "a client is a member of the call, with displayName",
    "peer.left": "with cause and durationS; each join has exactly one leave",
    "peer.grants_changed": "an operator has changed what it may do, with changes, and grants if unusual",
    "share.exhausted": "an address, a room, or all together have used up what they may of a worker's table",
    "limit.reached": "a limit refused count times, holder alone if there is one; current, maximum, setting",
    "recording.started": "a room, or one peer of it, is being recorded, to folder",
    "recording.file": "a file of it is whole, with path, source, format, durationS and bytes",
    "recording.restarted": "its recorder process died; another one goes on in new files",
    "recording.ended": "with cause, reason, durationS, bytes, and files, their number",
    "hls.started": "a room, or one peer of it, is shown over HLS",
    "hls.restarted": "its process died; another one goes on in new streams",
    "hls.ended": "it is shown no longer, with cause, reason and durationS",
    "hls.failed": "it could not be shown, or ended by itself, for which cause and reason say why",
    "recording.failed": "it could not begin, or ended by itself, for which cause and reason say why",
    "worker.draining": "no new room is opened on this worker",
    "worker.undrained": "new rooms are welcome on it again",
    "worker.ready": "a worker process takes rooms, with pid",
    "worker.died": "a worker process is gone, with cause and reason; what rooms had on it is gone",
}
"""The types of events, and the meaning of each."""

_IDS = frozenset({"room", "peer", "url"})

KEPT = 10_000
"""The events that a reader may be behind before it loses some."""


def _utc_now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _shown(name: str, fact: Any) -> Any:
    """The fact with addresses as `log_addresses` says; ids are what clients chose, and stay."""
    return IN_FORCE.shown(fact) if isinstance(fact, str) and name not in _IDS else fact


class Feed:
    """The feed. Numbers start at 1 with each start of the daemon; `id` is unique over restarts."""

    def __init__(self, kept: int = KEPT, now: Callable[[], datetime.datetime] = _utc_now) -> None:
        self.run = secrets.token_hex(4)
        """The beginning of the ids of this run."""
        self.last_seq = 0
        self._kept: deque[Event] = deque(maxlen=kept)
        self._now = now
        self._news = asyncio.Event()
        self._listeners: list[Callable[[Event], None]] = []

    def publish(self, type_: str, **facts: Any) -> Event:
        """Add an event: `type_` is one of TYPES; facts that are None are left out."""
        assert type_ in TYPES, type_
        self.last_seq += 1
        event: Event = {
            "seq": self.last_seq,
            "id": f"{self.run}-{self.last_seq}",
            "time": self._now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "type": type_,
            **{name: _shown(name, fact) for name, fact in facts.items() if fact is not None},
        }
        self._kept.append(event)
        news, self._news = self._news, asyncio.Event()
        news.set()
        for listener in self._listeners:
            listener(event)
        return event

    def subscribe(self, listener: Callable[[Event], None]) -> None:
        """Call `listener` with each event as it happens; it returns at once and never raises."""
        self._listeners.append(listener)

    def after(self, seq: int) -> list[Event]:
        """The kept events after number `seq`, oldest first, after a `lost` event when some are not kept."""
        first = self._kept[0]["seq"] if self._kept else self.last_seq + 1
        missed = max(0, first - seq - 1)
        kept = [self._kept[i] for i in range(max(0, seq - first + 1), len(self._kept))]
        return [{"seq": first - 1, "type": "lost", "count": missed}, *kept] if missed else kept

    async def follow(self, seq: int) -> AsyncGenerator[Event, None]:
        """Yield the events after number `seq`, and then new ones as they happen."""
        while True:
            news = self._news
            for event in self.after(seq):
                yield event
                seq = event["seq"]
            await news.wait()
