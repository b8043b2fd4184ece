"""Requests of the supervisor to a recorder process (`mediad.recorder`), its replies, and its events.

One process serves one recording. It is started as `python -m mediad.recorder READ_FD WRITE_FD LEVEL FORMAT`
(the pipes as of a worker, and the log's level and form), and is asked in this order: StartRecorder, which
tells its port; ConnectRecorder, as often as the plain transport changes; AddTrack and RemoveTrack;
StopRecorder. When the pipe ends it finishes its files too.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from mediad.pipe.messages import Done, Event, Message, Request
from mediad.pipe.requests import MediaKind
from mediad.pipe.rtp import RtpParameters

Container = Literal["mkv", "mp4", "webm"]
Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
Count = Annotated[int, msgspec.Meta(ge=0)]

# -- what is written ---------------------------------------------------------------------------------------


class FileOutput(Message, tag="files", tag_field="type"):
    """Files below a directory: in `DIRECTORY/ROOM/RECORDING/`, which is made, one for each peer and source.

    Names of files are made from the ids, and lead nowhere else, whatever the ids are.
    """

    directory: str
    """An absolute path that exists."""
    format: Container = "mkv"
    """The container, as far as it can hold a file's codecs; a file that it cannot hold is Matroska."""
    max_file_bytes: Count = 0
    """The size after which the recording ends; 0: none."""
    max_duration_s: Count = 0
    """The time after which the recording ends; 0: none."""
    keep_free_bytes: Count = 0
    """The space that stays free on the disk: with less the recording ends, or is not begun."""


class HlsOutput(Message, tag="hls", tag_field="type"):
    """Streams for HLS players below a directory, one for each peer and source; only the newest is kept."""

    directory: str
    """An absolute path that exists, best in memory."""
    segment_s: float = 4.0
    part_s: float = 0.5
    keep: int = 6
    """The segments of a stream that players are told of."""
    max_bytes: Count = 0
    """The most bytes of all streams; 0: no limit."""
    transcode: bool = False
    """True when pictures that players cannot take are made into H.264."""


class RecorderStarted(Message):
    """The address of the recorder, and where it writes."""

    port: int
    """The UDP port on 127.0.0.1 that RTP and RTCP are to be sent to."""
    folder: str
    """The absolute path of the recording's own folder."""


class StartRecorder(Request[RecorderStarted]):
    """Open the socket and the recording's folder. The second time is an error.

    Refused as Unsupported when PyAV is not installed, as Unavailable when the directory is missing, may not
    be written or is full, each with the reason.
    """

    row = "recorder.start"

    room_id: Id
    recording_id: Id
    output: FileOutput | HlsOutput


class ConnectRecorder(Request[Done]):
    """The plain transport's address: packets from elsewhere are dropped; reports and PLI are sent there."""

    row = "recorder.connect"

    ip: str
    port: Port


# -- tracks ------------------------------------------------------------------------------------------------


class AddTrack(Request[Done]):
    """Record a track.

    Tracks of one peer and source share a file: one of audio and one of video. Unsupported: no container
    takes the codec. Full: there are too many tracks.
    """

    row = "recorder.addTrack"

    track_id: Id
    """The consumer's, or any other that is used once."""
    peer_id: Id
    source: Id
    """The kind of source, such as `camera` for a camera and its microphone, or `screen`."""
    kind: MediaKind
    rtp_parameters: RtpParameters
    """The consumer's: codecs with payload types, one encoding with its SSRC and perhaps RTX, extensions."""


class RemoveTrack(Request[Done]):
    """End a track. Its file goes on with the other one, or ends with its last track."""

    row = "recorder.removeTrack"

    track_id: Id


# -- what was recorded -------------------------------------------------------------------------------------


class TrackSummary(Message):
    """One track in one file."""

    track_id: str
    kind: MediaKind
    codec: str
    """The MIME type."""
    offset_s: float = 0.0
    """The time of its first frame, from the beginning of the file."""
    frames: int = 0
    gaps: int = 0
    """The number of times that frames were missing in the middle."""
    gap_s: float = 0.0
    """The time without frames in these gaps, in total."""
    lost_packets: int = 0
    key_frame_requests: int = 0
    width: int = 0
    """The size of the newest key frame, in pixels; 0 for audio."""
    height: int = 0
    bitrate: int = 0
    """The bits received in the last second."""


class FileSummary(Message):
    """One file, finished or being written."""

    path: str
    """Absolute."""
    peer_id: str
    source: str
    format: Container
    started_at: float
    """The wall-clock time of the file's beginning, in seconds since 1970: files are aligned by it."""
    duration_s: float
    bytes: int
    tracks: list[TrackSummary]
    finished: bool = False


class RecorderStats(Message):
    """The recording so far."""

    files: list[FileSummary]
    bytes: int = 0
    duration_s: float = 0.0
    """The time since the start."""
    ended: str = ""
    """The code of RecordingEnded; "" while it records."""
    dropped: dict[str, int] = msgspec.field(default_factory=dict)
    """Packets and frames that were not written, by reason."""
    queued_bytes: int = 0
    """Bytes that wait for the disk."""
    rss_bytes: int = 0


class GetRecorderStats(Request[RecorderStats]):
    """A question for the files, their tracks and what was dropped."""

    row = "recorder.stats"


class RecorderStopped(Message):
    """Every file of the recording, finished."""

    files: list[FileSummary]


class StopRecorder(Request[RecorderStopped]):
    """Finish every file. Nothing is recorded from then on; the process ends with its pipe."""

    row = "recorder.stop"


# -- events ------------------------------------------------------------------------------------------------

EndCode = Literal["disk-full", "directory-gone", "disk-slow", "disk-error", "file-size", "duration", "bug"]


class RecorderEvent(Event):
    """News of a recorder."""


class FileFinished(RecorderEvent):
    """A file is whole, because its tracks have ended, other ones came, or the recording has ended."""

    row = "recorder.fileFinished"

    file: FileSummary

    @property
    def subject(self) -> str:
        return self.file.path


class StreamGrown(RecorderEvent):
    """A stream for HLS players has got another part, or has ended."""

    row = "recorder.streamGrown"

    peer_id: str
    source: str
    folder: str
    """The absolute path of its playlist and segments."""
    segment: int
    """The number of the newest segment."""
    part: int
    """The number of the newest part in it."""
    ended: bool = False
    """True when nothing follows."""

    @property
    def subject(self) -> str:
        return self.folder


class RecordingEnded(RecorderEvent):
    """The recording has ended by itself; what was written is finished. The process waits for its end."""

    row = "recorder.ended"

    code: EndCode
    reason: str


RECORDER_EVENTS: dict[str, type[RecorderEvent]] = {
    event.row: event for event in (FileFinished, StreamGrown, RecordingEnded)
}
"""Every event of a recorder, by its name on the pipe."""
