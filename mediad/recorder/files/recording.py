"""A recording into files: one folder, its files, and the rules by which it ends.

It ends with the first error of the disk, for all files: a disk that is full is so for each of them. What was
written is finished, and the event RecordingEnded tells why. `recording.json` in the folder says what is in
it, from the first file on, so that a process that was killed leaves the times by which files are aligned.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import time
from collections.abc import Callable, Sequence
from functools import partial

import msgspec

from mediad.errors import Full, InvalidState, Unavailable
from mediad.pipe.recorder_requests import EndCode, FileFinished, FileOutput, FileSummary, RecordingEnded
from mediad.recorder.files.folder import Folder
from mediad.recorder.files.names import file_stem, safe_name
from mediad.recorder.files.part import Part
from mediad.recorder.files.source import First, Source
from mediad.recorder.files.writer import Job, TooSlow, Writer, end_of
from mediad.recorder.track import PlacedFrame, Track

SIDECAR = "recording.json"
CHECK_US = 1_000_000
"""The time between looks at the folder and at the free space."""

MAX_FILES = 2000
"""Files in one recording; all of them are described in its folder and in answers."""

FINISH_S = 5.0
"""The longest time that finishing waits for the disk."""

Emit = Callable[[FileFinished | RecordingEnded], None]
logger = logging.getLogger(__name__)


class Sidecar(msgspec.Struct, rename="camel"):
    """The content of `recording.json`; paths of files are names in its folder."""

    room_id: str
    recording_id: str
    started_at: float
    ended: str
    files: list[FileSummary]


class Recording:
    """The output of kind FileOutput."""

    def __init__(self, folder: Folder, ids: tuple[str, str], output: FileOutput, emit: Emit) -> None:
        """Begin in a folder; `ids` are those of the room and of the recording."""
        self.folder = folder
        self.ended: str = ""
        self._ids, self._output, self._emit = ids, output, emit
        self._writer = Writer(self._failed)
        self._sources: dict[tuple[str, str], Source] = {}
        self._parts: list[Part] = []
        self._started_us = time.monotonic_ns() // 1000
        self._started_s = time.time()
        self._checked_us = 0

    @classmethod
    async def start(cls, room_id: str, recording_id: str, output: FileOutput, emit: Emit) -> Recording:
        """Make the folder and begin. Raises Unavailable with the reason."""
        names = (safe_name(room_id), safe_name(recording_id))

        def make() -> Folder:
            folder = Folder.make(output.directory, names)
            free = folder.free_bytes()
            if free <= output.keep_free_bytes:
                raise Unavailable(
                    f"cannot record to {folder.path}: {free >> 20} MiB are free, and "
                    f"{output.keep_free_bytes >> 20} MiB have to stay free"
                )
            return folder

        folder = await asyncio.to_thread(make)
        return cls(folder, (room_id, recording_id), output, emit)

    @property
    def queued_bytes(self) -> int:
        """The bytes that wait for the disk."""
        return self._writer.queued_bytes

    def add(self, track: Track) -> None:
        """Expect frames of a track. Raises InvalidState when its peer has one of this kind and source."""
        if self.ended:
            raise InvalidState(f"the recording has ended: {self.ended}")
        if len(self._parts) >= MAX_FILES:
            raise Full(f"the recording has {MAX_FILES} files, which is the limit: stop it and start another")
        key = (track.peer_id, track.source)
        if key not in self._sources:
            self._sources[key] = Source(partial(self._begin, *key))
        self._sources[key].add(track)

    def take(self, track: Track, frames: Sequence[PlacedFrame], now_us: int) -> None:
        """Take frames of a track, in the order of decoding."""
        if not self.ended:
            self._sources[track.peer_id, track.source].take(track, frames, now_us)

    def remove(self, track: Track, now_us: int) -> None:
        """End a track, after its last frame."""
        if not self.ended:
            self._sources[track.peer_id, track.source].remove(track, now_us)

    def poll(self, now_us: int) -> None:
        """Begin files that are due, and look whether the recording has to end."""
        if self.ended:
            return
        for source in self._sources.values():
            source.poll(now_us)
        if now_us - self._checked_us >= CHECK_US:
            self._checked_us = now_us
            self.put(self._check, 0)
            self._look_at_limits(now_us)

    def files(self) -> list[FileSummary]:
        """Return the files so far, the oldest first."""
        now_us = self._now_us()
        return [part.summary(now_us) for part in self._parts]

    async def finish(self, now_us: int) -> None:
        """Finish every file; a disk that does not answer within FINISH_S is not waited for."""
        self._end_sources(now_us)
        self.ended = self.ended or "stopped"
        try:
            async with asyncio.timeout(FINISH_S):
                await self._writer.call(lambda: None)
                self._describe()
                await self._writer.call(self.folder.close)
        except TimeoutError:
            logger.error("the disk of %s does not answer; its files may lack their ends", self.folder.path)
        self._writer.end()

    # -- files ---------------------------------------------------------------------------------------------

    def create(self, name: str) -> int:
        """Return a descriptor of a new file, in the thread that waits for the disk. Raises OSError."""
        return self.folder.create(name)

    def put(self, job: Job, size: int, then: Job | None = None) -> None:
        """Have a job done that holds `size` bytes; when too much waits already, the recording ends."""
        try:
            self._writer.put(job, size, self._now_us(), then)
        except TooSlow as error:
            self._failed(error)

    def wall_s(self, at_us: int) -> float:
        """Return the wall-clock time; steps of the wall clock during the recording do not count."""
        return self._started_s + (at_us - self._started_us) / 1e6

    def finished(self, part: Part) -> None:
        """Tell that a file is whole."""
        self._emit(FileFinished(part.summary(self._now_us())))
        if not self.ended:
            self._describe()

    def _begin(self, peer_id: str, source: str, first: First, number: int) -> Part:
        path = f"{self.folder.path}/{file_stem(peer_id, source, number)}"
        part = Part(self, path, self._output.format, first)
        self._parts.append(part)
        logger.info("recording %s", part.path)
        self._describe()
        return part

    def _describe(self) -> None:
        files = self.files()
        for file in files:
            file.path = file.path.rpartition("/")[2]
        sidecar = Sidecar(*self._ids, self._started_s, self.ended, files)
        text = msgspec.json.format(msgspec.json.encode(sidecar), indent=1)
        self.put(partial(self.folder.replace, SIDECAR, text + b"\n"), 0)

    # -- the end -------------------------------------------------------------------------------------------

    def _check(self) -> None:
        """Look at the folder and the disk, in the thread that waits for it. Raises OSError."""
        if not self.folder.is_there():
            raise FileNotFoundError(errno.ENOENT, "the folder was removed or moved")
        if self._output.keep_free_bytes and self.folder.free_bytes() < self._output.keep_free_bytes:
            raise OSError(errno.ENOSPC, f"less than {self._output.keep_free_bytes >> 10} KiB are free")

    def _look_at_limits(self, now_us: int) -> None:
        output = self._output
        if output.max_duration_s and now_us - self._started_us >= output.max_duration_s * 1_000_000:
            self._end("duration", f"it has taken {output.max_duration_s} s, which is its limit")
        for part in self._parts:
            if output.max_file_bytes and part.size >= output.max_file_bytes:
                self._end("file-size", f"{part.path} has {part.size} bytes, which is its limit")
                return

    def _failed(self, error: Exception) -> None:
        code, reason = end_of(error, self.folder.path)
        if code == "bug":
            logger.error("a bug in mediad ends the recording: %s", reason, exc_info=error)
        self._end(code, reason)

    def _end(self, code: EndCode, reason: str) -> None:
        """End for this reason, once: finish what can be finished, and tell."""
        if self.ended:
            return
        self.ended = code
        logger.warning("the recording in %s has ended: %s", self.folder.path, reason)
        self._end_sources(self._now_us())
        self.put(lambda: None, 0, self._describe)  # when every file is finished
        self._emit(RecordingEnded(code, reason))

    def _end_sources(self, now_us: int) -> None:
        for source in self._sources.values():
            for track in source.tracks:
                source.remove(track, now_us)

    def _now_us(self) -> int:
        return time.monotonic_ns() // 1000
