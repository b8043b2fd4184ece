"""Recordings: those of this node, begun and ended for mediactl, the HTTP API and tokens."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import time
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, cast

from mediad import needs
from mediad.config.settings import Settings
from mediad.errors import Full, InvalidInput, InvalidState, MediadError, NotFound, Unsupported
from mediad.pipe.recorder_requests import Container, FileOutput
from mediad.rooms.options import RoomOptions
from mediad.rooms.registry import RoomRegistry
from mediad.supervisor.recording import place
from mediad.supervisor.recording.observer import SHUTDOWN, STOPPED, RecordingObserver, Subject
from mediad.supervisor.recording.process import RECORDER_COMMAND
from mediad.supervisor.recording.recording import Recording, Wish
from mediad.words import plural

FORMATS = ("mkv", "mp4", "webm")

logger = logging.getLogger(__name__)


class Recordings:
    """The recordings that are under way."""

    def __init__(
        self,
        registry: RoomRegistry,
        settings: Settings,
        environ: Mapping[str, str],
        observer: RecordingObserver | None = None,
        command: Sequence[str] = RECORDER_COMMAND,
    ) -> None:
        self.settings = settings
        self.observer = observer or RecordingObserver()
        self._registry = registry
        self._environ = environ
        self._command = command
        self._under_way: dict[str, Recording] = {}
        self._asked: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._under_way)

    def directory(self) -> str:
        """Return where recordings go that name no directory. Raises InvalidState when there is no place."""
        return place.directory_of(self.settings, self._environ)

    async def readiness(self) -> dict[str, Any]:
        """Return where recordings would go, the bytes that are free there, and what is in their way."""
        try:
            directory = self.directory()
        except InvalidState:
            return {"directory": None, "freeBytes": 0, "problem": None}
        least = self.settings.recording_min_free_bytes
        # the default directory is made with the first recording
        wanted = directory if self.settings.recording_dir is not None else os.path.dirname(directory)
        problem = needs.recording_problem() or await asyncio.to_thread(place.problem_of, wanted, least)
        free = await asyncio.to_thread(place.free_bytes, wanted)
        return {"directory": directory, "freeBytes": free, "problem": problem}

    def bitrate(self) -> int:
        """Return the bits a second that all of them receive."""
        return sum(one.bitrate for one in self._under_way.values())

    def under_way(self) -> list[Recording]:
        """Return the recordings that have begun or begin, and have not ended; oldest first."""
        return list(self._under_way.values())

    async def start(
        self,
        room_id: str,
        peer_id: str | None = None,
        *,
        directory: str | None = None,
        container: str | None = None,
    ) -> dict[str, Any]:
        """Record a room, or one peer of it, and return the recording's description.

        `directory` and `container` are those of the settings unless given. Raises NotFound without the room
        or peer, InvalidState when the same is being recorded or there is no place for it, InvalidInput for
        a path that is not absolute or an unknown format, Unsupported without PyAV, Full when there are too
        many recordings, Unavailable when the directory cannot be used.
        """
        subject = Subject(_new_id(), room_id, peer_id)
        try:
            return await self._start(subject, directory, container)
        except MediadError as error:
            self.observer.refused(subject, str(error))
            raise

    async def _start(self, subject: Subject, directory: str | None, container: str | None) -> dict[str, Any]:
        room = self._registry.room(subject.room_id)
        if subject.peer_id is not None and subject.peer_id not in room.peers:
            raise NotFound(f'peer with id "{subject.peer_id[:100]}" not found in the room')
        self._require_place(subject)
        problem = needs.recording_problem()
        if problem is not None:
            raise Unsupported(problem)
        settings = self.settings
        if directory is None:
            directory = self.directory()
        output = FileOutput(
            place.require_absolute(directory),
            _container(container or settings.recording_format),
            keep_free_bytes=settings.recording_min_free_bytes,
        )
        wish = Wish(subject, output, settings.log_level, settings.log_format, settings.confinement)
        recording = Recording(wish, self._registry, self.observer, self._forget, self._command)
        self._under_way[subject.recording_id] = recording
        try:
            await asyncio.to_thread(place.prepare, settings, self._environ, directory)
            await recording.begin()
        except BaseException:
            self._forget(recording)
            raise
        return recording.describe()

    def _require_place(self, subject: Subject) -> None:
        for other in self._under_way.values():
            if (other.subject.room_id, other.subject.peer_id) == (subject.room_id, subject.peer_id):
                raise InvalidState(f"it is being recorded already, as {other.subject.recording_id}")
        limit = self.settings.max_recordings
        if len(self._under_way) >= limit:
            raise Full(f"max_recordings allows no more than {plural(limit, 'recording')}: stop one")

    def room_entered(self, room_id: str, options: RoomOptions) -> None:
        """Record a room whose client's token asks for it, unless it is being recorded.

        It returns at once. A refusal is logged and told to operators; the call goes on.
        """
        subjects = (other.subject for other in self._under_way.values())
        if options.record and not any(
            (subject.room_id, subject.peer_id) == (room_id, None) for subject in subjects
        ):
            self._run(self._start_for_token(room_id, options.record_format))

    async def _start_for_token(self, room_id: str, container: str | None) -> None:
        try:
            await self.start(room_id, container=container)
        except MediadError as error:
            text = "room %s is not recorded, though the token of a client asks for it: %s"
            logger.error(text, room_id, error)

    async def stop(self, room_id: str | None = None, recording_id: str | None = None) -> list[dict[str, Any]]:
        """End the recordings of a room, or the one of this id, and return them when their files are whole.

        Raises NotFound when there is none.
        """
        chosen = [
            one
            for one in self._under_way.values()
            if (room_id is None or one.subject.room_id == room_id)
            and (recording_id is None or one.subject.recording_id == recording_id)
        ]
        if not chosen:
            raise NotFound(f'no recording of "{(recording_id or room_id or "")[:100]}" is under way')
        await self._end(chosen, STOPPED, "it was stopped on request")
        return [one.describe() for one in chosen]

    async def stop_by_name(self, name: str) -> list[dict[str, Any]]:
        """End the recording of this id, or all of the room of this id; return and raise like `stop`."""
        if name in self._under_way:
            return await self.stop(recording_id=name)
        return await self.stop(room_id=name)

    async def list(self) -> list[dict[str, Any]]:
        """Return a description of each recording under way, as it is now."""
        await asyncio.gather(*(one.refresh() for one in self._under_way.values()))
        return [one.describe() for one in self._under_way.values()]

    async def close(self) -> None:
        """End all recordings and wait until their files are whole."""
        for task in list(self._asked):
            task.cancel()
        await self._end(self.under_way(), SHUTDOWN, "the server is stopping")

    async def _end(self, recordings: Sequence[Recording], cause: str, reason: str) -> None:
        for one in recordings:
            one.end(cause, reason)
        await asyncio.gather(*(asyncio.shield(one.ended) for one in recordings))

    def _forget(self, recording: Recording) -> None:
        self._under_way.pop(recording.subject.recording_id, None)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._asked.add(task)
        task.add_done_callback(self._asked.discard)


def _new_id() -> str:
    """Return an id that sorts by time and is no other's."""
    return f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{secrets.token_hex(3)}"


def _container(name: str) -> Container:
    if name not in FORMATS:
        raise InvalidInput(f'the format "{name[:20]}" is unknown, expected one of {", ".join(FORMATS)}')
    return cast(Container, name)
