"""A show: the output of kind HlsOutput. It is a stream for each peer and source, in folders of its own."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import av

from mediad.errors import InvalidState, Unavailable
from mediad.pipe.recorder_requests import EndCode, FileSummary, HlsOutput, RecordingEnded, StreamGrown
from mediad.recorder.files.folder import Folder
from mediad.recorder.files.names import safe_name
from mediad.recorder.files.writer import end_of
from mediad.recorder.hls.fragmenter import VideoCodec
from mediad.recorder.hls.stream import Cut, Stream
from mediad.recorder.track import PlacedFrame, Track

PLAYABLE = {"h264", "hevc", "vp9", "av1"}
"""The codecs of pictures that players take in MP4, by FFmpeg's names."""

Emit = Callable[[StreamGrown | RecordingEnded], None]
logger = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Shown:
    """One peer and source."""

    peer_id: str
    source: str
    folder: Path
    stream: Stream
    tracks: dict[str, Track] = field(default_factory=dict)
    """The tracks that are shown, by their kind."""


class Show:
    """The streams of one room or peer."""

    def __init__(self, folder: Folder, output: HlsOutput, emit: Emit) -> None:
        """Begin in a folder."""
        self.folder = folder
        self.ended: EndCode | str = ""
        self.left_out = 0
        """Frames that could not be muxed."""
        self._output, self._emit = output, emit
        self._cut = Cut(output.segment_s, output.part_s, output.keep, output.transcode)
        self._shown: dict[tuple[str, str], _Shown] = {}
        self._names = 0
        self._sizes: dict[str, tuple[int, int]] = {}
        self.started_us = time.monotonic_ns() // 1000
        """The time of its beginning, by the clock of frames."""
        self._started_s = time.time()

    @classmethod
    async def start(cls, room_id: str, recording_id: str, output: HlsOutput, emit: Emit) -> Show:
        """Make the folder and begin. Raises Unavailable with the reason."""
        names = (safe_name(room_id), safe_name(recording_id))
        return cls(await asyncio.to_thread(Folder.make, output.directory, names), output, emit)

    @property
    def queued_bytes(self) -> int:
        """Zero: segments are small and go to memory."""
        return 0

    def files(self) -> list[FileSummary]:
        """Return none: segments come and go."""
        return []

    # -- tracks ----------------------------------------------------------------------------------------------

    def add(self, track: Track) -> None:
        """Show a track. Raises InvalidState when its peer has one of this kind and source."""
        if self.ended:
            raise InvalidState(f"the show has ended: {self.ended}")
        key = (track.peer_id, track.source)
        shown = self._shown.get(key)
        if shown is None:
            shown = self._shown[key] = self._begin(*key)
        if track.kind in shown.tracks:
            raise InvalidState(f"{key[0][:100]} has a track of {track.kind} for {key[1][:100]} already")
        if self._can_be_shown(track):
            shown.tracks[track.kind] = track
            self._set_tracks(shown)

    def take(self, track: Track, frames: Sequence[PlacedFrame], now_us: int) -> None:
        """Take frames of a track, in the order of decoding."""
        shown = self._shown.get((track.peer_id, track.source))
        if self.ended or shown is None or shown.tracks.get(track.kind) is not track:
            return
        for placed in frames:
            self._write(shown, track, placed)

    def remove(self, track: Track, now_us: int) -> None:
        """End a track. With the last one its stream ends."""
        key = (track.peer_id, track.source)
        shown = self._shown.get(key)
        if shown is None or shown.tracks.get(track.kind) is not track:
            return
        del shown.tracks[track.kind]
        self._sizes.pop(track.id, None)
        if shown.tracks:
            self._set_tracks(shown)
        else:
            del self._shown[key]
            self._end_stream(shown)

    def poll(self, now_us: int) -> None:
        """Ask for the key frames that segments begin with."""
        for shown in self._shown.values():
            video = shown.tracks.get("video")
            if video is not None and shown.stream.wants_key_frame(self._at_s(now_us)):
                video.need_key_frame()

    async def finish(self, now_us: int) -> None:
        """End every stream."""
        self._end_all()
        self.ended = self.ended or "stopped"
        self.folder.close()

    # -- streams ---------------------------------------------------------------------------------------------

    def _begin(self, peer_id: str, source: str) -> _Shown:
        self._names += 1
        folder = Path(self.folder.path, str(self._names))
        try:
            folder.mkdir(mode=0o750)
        except OSError as error:
            raise Unavailable(f"cannot show a stream in {folder}: {error.strerror}") from None
        return _Shown(peer_id, source, folder, Stream(folder, self._cut, self._started_s))

    def _can_be_shown(self, track: Track) -> bool:
        name = track.codec.name
        shows = name == "libopus" or (track.kind == "video" and (self._output.transcode or name in PLAYABLE))
        if not shows:
            logger.warning(
                "%s of %s is not shown: players take no %s in MP4, but H.264, VP9, AV1, Opus; or transcode",
                *(track.kind, track.peer_id[:100], track.mime_type),
            )
        return shows

    def _set_tracks(self, shown: _Shown) -> None:
        shown.stream.set_tracks(video="video" in shown.tracks, audio="audio" in shown.tracks)

    def _write(self, shown: _Shown, track: Track, placed: PlacedFrame) -> None:
        frame, at_s = placed.frame, self._at_s(placed.at_us)
        try:
            if track.kind == "audio":
                grown = shown.stream.write_audio(frame.data, at_s)
            else:
                if frame.picture is not None:
                    self._sizes[track.id] = (frame.picture.width, frame.picture.height)
                size = self._sizes.get(track.id, (0, 0))
                codec = cast(VideoCodec, track.codec.name)
                grown = shown.stream.write_video(codec, frame.data, at_s, key_frame=frame.key, size=size)
        except av.FFmpegError:
            self.left_out += 1
        except Unavailable as error:
            logger.error("%s of %s is shown no longer: %s", track.kind, track.peer_id[:100], error)
            self.remove(track, placed.at_us)
        except OSError as error:
            self._fail(error)
        else:
            if grown:
                self._keep_bound()
                self._tell(shown)

    def _keep_bound(self) -> None:
        """Withdraw old segments of the largest streams while all together have too many bytes."""
        limit = self._output.max_bytes
        if not limit:
            return
        while sum(shown.stream.kept_bytes for shown in self._shown.values()) > limit:
            largest = sorted(self._shown.values(), key=lambda shown: shown.stream.kept_bytes, reverse=True)
            if not any(shown.stream.shed() for shown in largest):
                self._fail(OSError(28, f"the newest segments alone have more than {limit >> 20} MiB"))
                return

    def _tell(self, shown: _Shown, *, ended: bool = False) -> None:
        segment, part = shown.stream.playlist.newest
        self._emit(StreamGrown(shown.peer_id, shown.source, str(shown.folder), segment, part, ended=ended))

    # -- the end ---------------------------------------------------------------------------------------------

    def _end_stream(self, shown: _Shown) -> None:
        try:
            shown.stream.end()
        except OSError as error:
            logger.warning("the end of the stream in %s could not be written: %s", shown.folder, error)
        self._tell(shown, ended=True)

    def _end_all(self) -> None:
        streams = list(self._shown.values())
        self._shown.clear()
        for shown in streams:
            self._end_stream(shown)

    def _fail(self, error: OSError) -> None:
        """End for this reason, once."""
        if self.ended:
            return
        code, reason = end_of(error, self.folder.path)
        self.ended = code
        logger.warning("the show in %s has ended: %s", self.folder.path, reason)
        self._end_all()
        self._emit(RecordingEnded(code, reason))

    def _at_s(self, at_us: int) -> float:
        return (at_us - self.started_us) / 1e6
