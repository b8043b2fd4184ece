"""Shows: the rooms of this node that are shown over HLS, each by a recorder process of its own."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any

from mediad import needs
from mediad.config.settings import Settings
from mediad.errors import Full, InvalidState, MediadError, NotFound, Unsupported
from mediad.pipe.recorder_requests import HlsOutput
from mediad.rooms.options import RoomOptions
from mediad.rooms.registry import RoomRegistry
from mediad.signaling.http.hls import Stream
from mediad.supervisor.hls import place
from mediad.supervisor.hls.show import Show
from mediad.supervisor.recording.observer import SHUTDOWN, STOPPED, RecordingObserver, Subject
from mediad.supervisor.recording.process import RECORDER_COMMAND
from mediad.supervisor.recording.recording import Recording, Wish
from mediad.words import plural

logger = logging.getLogger(__name__)


class Shows:
    """The shows that are under way, by the room that they show."""

    def __init__(
        self,
        registry: RoomRegistry,
        settings: Settings,
        environ: Mapping[str, str],
        observer: RecordingObserver | None = None,
        command: Sequence[str] = RECORDER_COMMAND,
    ) -> None:
        self.settings = settings
        self._registry = registry
        self._environ = environ
        self._observer = observer or RecordingObserver()
        self._command = command
        self._by_room: dict[str, Show] = {}
        self._asked: set[asyncio.Task[None]] = set()
        self._directory: Path | None = None

    def __len__(self) -> int:
        return len(self._by_room)

    # -- what is asked ---------------------------------------------------------------------------------------

    async def start(
        self, room_id: str, peer_id: str | None = None, *, transcode: bool = False
    ) -> dict[str, Any]:
        """Show a room, or one peer of it, and return the show's description.

        `transcode`: pictures that players cannot take are made into H.264, which costs much CPU. Raises
        NotFound without the room or peer, InvalidState when the room is shown already, Unsupported without
        PyAV, Full when there are too many shows, Unavailable when segments cannot be written.
        """
        subject = Subject(f"hls-{secrets.token_hex(4)}", room_id, peer_id)
        try:
            return await self._start(subject, transcode)
        except MediadError as error:
            self._observer.refused(subject, str(error))
            raise

    async def _start(self, subject: Subject, transcode: bool) -> dict[str, Any]:
        room = self._registry.room(subject.room_id)
        if subject.peer_id is not None and subject.peer_id not in room.peers:
            raise NotFound(f'peer with id "{subject.peer_id[:100]}" not found in the room')
        if subject.room_id in self._by_room:
            raise InvalidState("the room is shown already: stop that first")
        limit = self.settings.max_shows
        if len(self._by_room) >= limit:
            raise Full(f"max_shows allows no more than {plural(limit, 'room')}: stop one")
        problem = needs.recording_problem()
        if problem is not None:
            raise Unsupported(problem)
        show = self._by_room[subject.room_id] = Show(subject, self._registry, self._observer)
        try:
            output = HlsOutput(
                str(await self._place()), max_bytes=self.settings.hls_max_bytes, transcode=transcode
            )
            settings = self.settings
            wish = Wish(subject, output, settings.log_level, settings.log_format, settings.confinement)
            show.recording = Recording(wish, self._registry, show, self._forget, self._command)
            await show.recording.begin()
        except BaseException:
            self._by_room.pop(subject.room_id, None)
            raise
        return show.describe()

    def room_entered(self, room_id: str, options: RoomOptions) -> None:
        """Show a room whose client's token asks for it, unless it is shown.

        It returns at once. A refusal is logged and told to operators; the call goes on.
        """
        if options.show and room_id not in self._by_room:
            self._run(self._start_for_token(room_id))

    async def _start_for_token(self, room_id: str) -> None:
        try:
            if room_id not in self._by_room:
                await self.start(room_id)
        except MediadError as error:
            text = "room %s is not shown over HLS, though the token of a client asks for it: %s"
            logger.error(text, room_id, error)

    async def stop(self, room_id: str) -> None:
        """End the show of a room, and return when it has ended. Raises NotFound."""
        await self._end([self._of(room_id)], STOPPED, "it was stopped on request")

    def under_way(self) -> list[dict[str, Any]]:
        """Return a description of each show, oldest first."""
        return [show.describe() for show in self._by_room.values()]

    def streams(self, room_id: str) -> list[Stream]:
        """Return the streams of a room. Raises NotFound when it is not shown."""
        return list(self._of(room_id).streams())

    async def close(self) -> None:
        """End every show, and remove their segments."""
        for task in list(self._asked):
            task.cancel()
        await self._end(list(self._by_room.values()), SHUTDOWN, "the server is stopping")
        if self._directory is not None:
            await asyncio.to_thread(place.remove, self._directory)

    # -- how they begin and end ------------------------------------------------------------------------------

    def _of(self, room_id: str) -> Show:
        show = self._by_room.get(room_id)
        if show is None:
            raise NotFound(f'room with id "{room_id[:100]}" is not shown over HLS')
        return show

    async def _place(self) -> Path:
        directory = await asyncio.to_thread(place.prepare, self.settings.hls_dir, self._environ)
        self._directory = directory
        return directory

    async def _end(self, shows: Sequence[Show], cause: str, reason: str) -> None:
        recordings = [show.recording for show in shows if show.recording is not None]
        for recording in recordings:
            recording.end(cause, reason)
        await asyncio.gather(*(asyncio.shield(recording.ended) for recording in recordings))

    def _forget(self, recording: Recording) -> None:
        show = self._by_room.pop(recording.subject.room_id, None)
        if show is not None:
            self._run(show.clear())

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._asked.add(task)
        task.add_done_callback(self._asked.discard)
