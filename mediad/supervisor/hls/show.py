"""Show: one room that is shown, and the streams that its recorder has told of."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mediad.errors import NotFound
from mediad.pipe.recorder_requests import FileSummary, StreamGrown
from mediad.rooms.registry import RoomRegistry
from mediad.supervisor.hls import place
from mediad.supervisor.recording.observer import RecordingObserver, Subject
from mediad.supervisor.recording.recording import Recording

LINGER_S = 15.0
"""The time for which a stream that has ended is served: players are behind it."""


class ShownStream:
    """One peer's stream, as the HTTP API serves it."""

    def __init__(self, name: str, peer_id: str, display_name: str, folder: Path) -> None:
        self.name = name
        self.peer_id = peer_id
        self.display_name = display_name
        self.folder = folder
        self.newest = (-1, -1)
        self.ended_s: float | None = None
        """The time of its end, by time.monotonic(); None while it goes on."""
        self._grown = asyncio.Event()

    def grow(self, segment: int, part: int, *, ended: bool) -> None:
        """Note how far it is now, and tell those who wait."""
        self.newest = (segment, part)
        if ended:
            self.ended_s = time.monotonic()
        self._grown.set()
        self._grown = asyncio.Event()

    async def reached(self, segment: int, part: int, timeout_s: float) -> bool:
        """Wait until this part, or a later one, is there. False when it does not come in time."""
        try:
            async with asyncio.timeout(timeout_s):
                while self.newest < (segment, part):
                    if self.ended_s is not None:
                        return True  # the playlist tells that nothing follows
                    await self._grown.wait()
        except TimeoutError:
            return False
        return True


class Show(RecordingObserver):
    """A room that is shown. It hears of its recording, and tells operators of it."""

    def __init__(self, subject: Subject, registry: RoomRegistry, observer: RecordingObserver) -> None:
        self.subject = subject
        self.recording: Recording | None = None
        """Set as soon as there is one."""
        self._registry = registry
        self._operators = observer
        self._streams: dict[str, ShownStream] = {}  # by their folder
        self._names = 0

    def streams(self) -> Iterator[ShownStream]:
        """Return the streams that go on, or have ended a moment ago."""
        for folder, stream in list(self._streams.items()):
            if stream.ended_s is not None and time.monotonic() - stream.ended_s > LINGER_S:
                del self._streams[folder]
            else:
                yield stream

    def describe(self) -> dict[str, Any]:
        """Return the show as operators see it."""
        assert self.recording is not None
        return {
            "roomId": self.subject.room_id,
            "peerId": self.subject.peer_id,
            "state": self.recording.state,
            "since": self.recording.since_s,
            "pid": self.recording.pid,
            "streams": [
                {"peerId": one.peer_id, "displayName": one.display_name, "segment": one.newest[0]}
                for one in self.streams()
                if one.ended_s is None
            ],
        }

    async def clear(self) -> None:
        """Remove the segments once players have read them."""
        await asyncio.sleep(LINGER_S)
        for folder in {stream.folder.parent for stream in self._streams.values()}:
            await asyncio.to_thread(place.remove, folder)

    # -- what its recording tells ----------------------------------------------------------------------------

    def stream_grown(self, subject: Subject, event: StreamGrown) -> None:
        stream = self._streams.get(event.folder)
        if stream is None:
            self._names += 1
            name = f"{self.subject.recording_id}-{self._names}"
            display_name = self._display_name(event.peer_id)
            stream = ShownStream(name, event.peer_id, display_name, Path(event.folder))
            self._streams[event.folder] = stream
        stream.grow(event.segment, event.part, ended=event.ended)

    def began(self, subject: Subject, folder: str) -> None:
        self._operators.began(subject, folder)

    def restarted(self, subject: Subject, reason: str) -> None:
        self._operators.restarted(subject, reason)

    def ended(
        self, subject: Subject, cause: str, reason: str, files: list[FileSummary], duration_s: float
    ) -> None:
        self._operators.ended(subject, cause, reason, files, duration_s)

    def _display_name(self, peer_id: str) -> str:
        try:
            peer = self._registry.room(self.subject.room_id).peers.get(peer_id)
        except NotFound:
            return ""
        return "" if peer is None else peer.info.display_name
