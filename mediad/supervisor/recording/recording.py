"""Recording: one recording from its beginning to its last file.

What it does when something ends:

    what ends                       then
    the room, deserted or closed    the recording ends: files are finished
    the room's worker, or the       the files end; when the room is there again within RETURN_S, the recording
    room, to move elsewhere         goes on in new ones, else it ends
    the recorder process            another one goes on in new files, up to RESTARTS times, else it ends
    the disk, or a limit of it      the recorder finishes its files and says so: the recording ends
    the daemon, in order            the recording ends
    the daemon, killed              the recorder sees its pipe end, finishes its files, and ends
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mediad.errors import MediadError, Unavailable
from mediad.pipe.recorder_requests import (
    FileFinished,
    FileOutput,
    FileSummary,
    GetRecorderStats,
    HlsOutput,
    RecorderEvent,
    RecorderStats,
    RecordingEnded,
    StartRecorder,
    StopRecorder,
    StreamGrown,
)
from mediad.rooms.listener import CloseCause
from mediad.rooms.observer import FAILED
from mediad.rooms.registry import RoomRegistry
from mediad.supervisor.recording.feed import RecorderFeed
from mediad.supervisor.recording.observer import RECORDER_DIED, RecordingObserver, Subject
from mediad.supervisor.recording.process import RECORDER_COMMAND, RecorderProcess
from mediad.words import plural

RETURN_S = 15.0
"""The time in which a room may come back after its worker has died, or it was moved."""

RETRY_S = 0.1
"""The wait before such a room is looked for again."""

RESTARTS = 3
"""The number of times that a recorder process is replaced in one recording."""

POLL_S = 2.0
"""The time between two looks at how far a recorder is; one that does not answer is killed."""

FINISH_S = 10.0
"""The time in which a recorder must have finished its files."""

COMES_BACK = {CloseCause.WORKER_DIED.value, CloseCause.DRAINED.value, FAILED}
"""The causes of a room's end after which its clients connect to it again."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wish:
    """A wish to record: what, and where to."""

    subject: Subject
    output: FileOutput | HlsOutput
    log_level: str
    log_format: str
    confinement: str = "on"
    """The setting of that name."""

    def confined(self) -> tuple[str, str]:
        """Return how its recorder confines itself, and the directory that it may write below."""
        how = "ffmpeg" if isinstance(self.output, HlsOutput) and self.output.transcode else "files"
        return ("off" if self.confinement == "off" else how), self.output.directory


@dataclass(frozen=True, slots=True)
class _End:
    cause: str
    reason: str


@dataclass(frozen=True, slots=True)
class _TapEnded:
    cause: str
    reason: str


@dataclass(frozen=True, slots=True)
class _ProcessGone:
    process: RecorderProcess
    reason: str


_News = _End | _TapEnded | _ProcessGone


class Recording:
    """A recording; `begin` it once, then it runs until `ended` is done."""

    def __init__(
        self,
        wish: Wish,
        registry: RoomRegistry,
        observer: RecordingObserver,
        on_ended: Callable[[Recording], None],
        command: Sequence[str] = RECORDER_COMMAND,
    ) -> None:
        self.subject = wish.subject
        self.output = wish.output
        self.state = "starting"
        """One of `starting`, `recording`, `waiting` while its room is gone, `ending`, `ended`."""
        self.since_s = time.time()
        """The wall-clock time of its beginning."""
        self.folder = ""
        self.stats = RecorderStats([])
        """The newest report of the recorder."""
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._wish = wish
        self._registry = registry
        self._observer = observer
        self._on_ended = on_ended
        self._command = command
        self._news: asyncio.Queue[_News] = asyncio.Queue()
        self._files: dict[str, FileSummary] = {}
        """The files so far, by path, of all its recorder processes."""
        self._process: RecorderProcess | None = None
        self._feed: RecorderFeed | None = None
        self._processes = 0
        self._life: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        """The process id of its recorder; 0 when there is none."""
        return 0 if self._process is None else self._process.pid

    async def begin(self) -> None:
        """Start the recorder and feed it. Raises the reason why it cannot; then nothing is left."""
        try:
            await self._start_process()
            await self._feed_from_room()
        except BaseException:
            self.state = "ended"
            await asyncio.shield(self._drop_process())
            self.ended.set_result(None)
            raise
        self.state = "recording"
        self._life = asyncio.create_task(self._live())
        self._observer.began(self.subject, self.folder)

    def end(self, cause: str, reason: str) -> None:
        """Have it end; `ended` is done when the files are whole."""
        self._news.put_nowait(_End(cause, reason))

    def tap_ended(self, cause: str, reason: str) -> None:
        self._news.put_nowait(_TapEnded(cause, reason))

    def describe(self) -> dict[str, Any]:
        """Return the recording as operators see it."""
        files = self.files()
        return {
            "recordingId": self.subject.recording_id,
            "roomId": self.subject.room_id,
            "peerId": self.subject.peer_id,
            "state": self.state,
            "since": self.since_s,
            "format": self.output.format if isinstance(self.output, FileOutput) else "hls",
            "folder": self.folder,
            "pid": self.pid,
            "bytes": sum(file.bytes for file in files),
            "bitrate": self.bitrate,
            "files": [describe_file(file) for file in files],
        }

    def files(self) -> list[FileSummary]:
        """Return its files, finished or not, as far as they are known."""
        return list(self._files.values())

    @property
    def bitrate(self) -> int:
        """The bits that were received in the last second, as far as the newest report tells."""
        writing = (file for file in self.stats.files if not file.finished)
        return sum(track.bitrate for file in writing for track in file.tracks)

    # -- its life ------------------------------------------------------------------------------------------

    async def _live(self) -> None:
        cause, reason = FAILED, "an unexpected error, which the log has"
        polling = asyncio.create_task(self._poll())
        try:
            cause, reason = await self._until_end()
        except Exception:
            logger.exception("recording %s ends because of a bug", self.subject.recording_id)
        finally:
            polling.cancel()
            self.state = "ending"
            await self._finish()
            self.state = "ended"
            self._on_ended(self)
            files, duration_s = self.files(), time.time() - self.since_s
            self._observer.ended(self.subject, cause, reason, files, duration_s)
            self.ended.set_result(None)

    async def _until_end(self) -> tuple[str, str]:
        """Record until something ends it; return cause and reason."""
        lost: _TapEnded | None = None
        until_s = 0.0
        while True:
            news = await self._next_news(None if lost is None else RETRY_S)
            match news:
                case None:
                    assert lost is not None
                    if await self._feeds_again():
                        lost, self.state = None, "recording"
                    elif self._registry.draining or time.monotonic() >= until_s:
                        return lost.cause, f"{lost.reason}, and the room was not there again"
                case _End():
                    return news.cause, news.reason
                case _TapEnded():
                    if news.cause not in COMES_BACK or self._registry.draining:
                        return news.cause, news.reason
                    lost = news
                case _ProcessGone() if news.process is self._process:
                    try:
                        await self._replace_process(news.reason)
                    except MediadError as error:
                        return RECORDER_DIED, str(error)
                    lost = lost or _TapEnded(FAILED, "its recorder process has died")
            if lost is not None and news is not None:
                until_s, self.state = time.monotonic() + RETURN_S, "waiting"

    async def _next_news(self, timeout_s: float | None) -> _News | None:
        """Return what happens next; None when nothing does for that long."""
        try:
            async with asyncio.timeout(timeout_s):
                return await self._news.get()
        except TimeoutError:
            return None

    async def _feeds_again(self) -> bool:
        """Feed the recorder from the room if it is there; return True when it is."""
        try:
            await self._feed_from_room()
        except MediadError:
            return False
        return True

    async def _feed_from_room(self) -> None:
        """Feed the recorder from the room. Raises NotFound without it, or the reason why it cannot."""
        room = self._registry.room(self.subject.room_id)
        await room.opened()
        assert self._feed is not None
        await self._feed.open(room)

    async def _poll(self) -> None:
        """Look at the recorder now and then, and kill one that does not answer."""
        while True:
            await asyncio.sleep(POLL_S)
            await self.refresh()

    async def refresh(self) -> None:
        """Ask the recorder how far it is; one that does not answer in time is killed, which ends it."""
        process = self._process
        if process is None or process.link.lost:
            return
        try:
            self._note(await process.link.request(GetRecorderStats()))
        except Unavailable as error:
            if not process.link.lost and self.state != "ending":
                logger.error("recording %s: %s; it is killed", self.subject.recording_id, error)
                await process.end()
        except MediadError as error:
            logger.warning("recording %s: %s", self.subject.recording_id, error)

    def _note(self, stats: RecorderStats) -> None:
        self.stats = stats
        self._files.update((file.path, file) for file in stats.files)

    # -- its process ---------------------------------------------------------------------------------------

    async def _start_process(self) -> None:
        self._processes += 1
        number = "" if self._processes == 1 else f"-{self._processes}"
        process = self._process = RecorderProcess(self._on_event)
        wish = self._wish
        await process.spawn(wish.log_level, wish.log_format, self._command, confined=wish.confined())
        process.gone.add_done_callback(
            lambda gone: self._news.put_nowait(_ProcessGone(process, gone.result()))
        )
        subject = self.subject
        try:
            started = await process.link.request(
                StartRecorder(subject.room_id, subject.recording_id + number, self.output)
            )
        except Unavailable:
            if not process.link.lost:
                raise
            raise Unavailable(f"the recorder process could not start: {await process.gone}") from None
        self.folder = self.folder or started.folder
        self._feed = RecorderFeed(process.link, started.port, self, subject.peer_id)

    async def _replace_process(self, reason: str) -> None:
        """Go on with another process. Raises Unavailable when too many have died."""
        await self._drop_process()
        if self._processes > RESTARTS:
            times = plural(self._processes, "time")
            raise Unavailable(f"the recorder process has ended {times}, last: {reason}")
        logger.error(
            "recording %s: its recorder process is gone (%s); another one goes on in new files",
            self.subject.recording_id,
            reason,
        )
        self._observer.restarted(self.subject, reason)
        await self._start_process()

    async def _drop_process(self) -> None:
        if self._feed is not None:
            self._feed.close()
            self._feed = None
        process, self._process = self._process, None
        if process is not None:
            self.stats = RecorderStats([])
            await process.end()

    async def _finish(self) -> None:
        """Stop what feeds it, and have the files finished."""
        if self._feed is not None:
            self._feed.close()
        process = self._process
        if process is None:
            return
        with contextlib.suppress(MediadError):
            stopped = await process.link.request(StopRecorder(), FINISH_S)
            self._files.update((file.path, file) for file in stopped.files)
        await process.stop()
        self._process = None

    def _on_event(self, event: RecorderEvent) -> None:
        match event:
            case FileFinished():
                self._files[event.file.path] = event.file
                self._observer.file_finished(self.subject, event.file)
            case StreamGrown():
                self._observer.stream_grown(self.subject, event)
            case RecordingEnded():
                self.end(event.code, event.reason)


def describe_file(file: FileSummary) -> dict[str, Any]:
    """Return a file as operators see it."""
    return {
        "path": file.path,
        "peerId": file.peer_id,
        "source": file.source,
        "format": file.format,
        "codecs": [track.codec for track in file.tracks],
        "startedAt": round(file.started_at, 3),
        "durationS": round(file.duration_s, 3),
        "bytes": file.bytes,
        "finished": file.finished,
    }
