"""RecorderServer: the requests to a recorder, its socket and its timer."""

from __future__ import annotations

import asyncio
import importlib.util
from collections import Counter
from collections.abc import Callable

from mediad.clock import LoopClock
from mediad.errors import InvalidState, MediadError, Unsupported
from mediad.heap import resident_bytes
from mediad.pipe.messages import Done, Handler
from mediad.pipe.recorder_requests import (
    AddTrack,
    ConnectRecorder,
    FileOutput,
    GetRecorderStats,
    HlsOutput,
    RecorderEvent,
    RecorderStarted,
    RecorderStats,
    RecorderStopped,
    RemoveTrack,
    StartRecorder,
    StopRecorder,
)
from mediad.recorder.files.recording import Recording
from mediad.recorder.hls.show import Show
from mediad.recorder.output import Output
from mediad.recorder.socket import RtpSocket
from mediad.recorder.tracks import Tracks

POLL_S = 0.05

MISSING = "recording needs the Python package av: install it with  pip install 'mediad[recording]'"


class RecorderServer:
    """The server of a recorder process."""

    def __init__(self, emit: Callable[[RecorderEvent], None]) -> None:
        self._emit = emit
        self._clock = LoopClock()
        self._dropped: Counter[str] = Counter()
        self._socket = RtpSocket(self._receive, self._dropped)
        self._recording: Output | None = None
        self._tracks: Tracks | None = None
        self._starting = self._stopped = False
        self._started_us = 0
        self._timer: asyncio.TimerHandle | None = None

    def handlers(self) -> list[Handler]:
        """Return the handler of each request."""
        return [
            StartRecorder.answered_by(self.start),
            ConnectRecorder.answered_by(self.connect),
            AddTrack.answered_by(self.add),
            RemoveTrack.answered_by(self.remove),
            GetRecorderStats.answered_by(self.stats),
            StopRecorder.answered_by(self.stop),
        ]

    async def start(self, request: StartRecorder) -> RecorderStarted:
        """Make the folder and open the socket."""
        if self._starting:
            raise InvalidState("this recorder has been started already")
        if importlib.util.find_spec("av") is None:
            raise Unsupported(MISSING)
        self._starting = True
        try:
            recording = await self._begin(request)
        except MediadError:
            self._starting = False
            raise
        await self._socket.open()
        self._recording = recording
        self._tracks = Tracks(recording, self._socket.send, self._dropped)
        self._started_us = self._clock.now_us()
        self._poll()
        return RecorderStarted(self._socket.port, recording.folder.path)

    async def _begin(self, request: StartRecorder) -> Output:
        room_id, recording_id = request.room_id, request.recording_id
        match request.output:
            case HlsOutput() as output:
                return await Show.start(room_id, recording_id, output, self._emit)
            case FileOutput() as output:
                return await Recording.start(room_id, recording_id, output, self._emit)

    async def connect(self, request: ConnectRecorder) -> Done:
        """Take packets from this address."""
        self._socket.remote = (request.ip, request.port)
        return Done()

    async def add(self, request: AddTrack) -> Done:
        """Record a track."""
        self._running().add(request)
        return Done()

    async def remove(self, request: RemoveTrack) -> Done:
        """End a track."""
        self._running().remove(request.track_id, self._clock.now_us())
        return Done()

    async def stats(self, request: GetRecorderStats) -> RecorderStats:
        """Tell what is recorded."""
        recording, tracks = self._recording, self._tracks
        if recording is None or tracks is None:
            raise InvalidState("this recorder has not been started")
        files = recording.files()
        return RecorderStats(
            files=files,
            bytes=sum(file.bytes for file in files),
            duration_s=(self._clock.now_us() - self._started_us) / 1e6,
            ended=recording.ended,
            dropped=tracks.dropped(),
            queued_bytes=recording.queued_bytes,
            rss_bytes=resident_bytes(),
        )

    async def stop(self, request: StopRecorder) -> RecorderStopped:
        """Finish every file."""
        await self.close()
        return RecorderStopped(self._recording.files() if self._recording is not None else [])

    async def close(self) -> None:
        """Finish every file, once; called when the pipe ends, too."""
        if self._stopped or self._recording is None or self._tracks is None:
            return
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()
        self._socket.close()
        now_us = self._clock.now_us()
        self._tracks.remove_all(now_us)
        await self._recording.finish(now_us)

    def _running(self) -> Tracks:
        if self._tracks is None or self._stopped:
            raise InvalidState("this recorder has been stopped, or was not started")
        return self._tracks

    def _receive(self, data: bytes) -> None:
        if self._tracks is not None:
            self._tracks.receive(data, self._clock.now_us())

    def _poll(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(POLL_S, self._poll)
        if self._tracks is not None:
            self._tracks.poll(self._clock.now_us())
