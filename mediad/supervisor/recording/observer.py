"""The observer of recordings, for the node's operator. Every method returns at once and never raises."""

from __future__ import annotations

from dataclasses import dataclass

from mediad.pipe.recorder_requests import FileSummary, StreamGrown


@dataclass(frozen=True, slots=True)
class Subject:
    """A recording, as its events name it."""

    recording_id: str
    room_id: str
    peer_id: str | None
    """The only peer that is recorded; None for all."""


STOPPED, SHUTDOWN, RECORDER_DIED = "stopped", "shutdown", "recorder-died"
"""The causes of an end that are no room's and no code of the recorder's: somebody asked for it, the daemon
stops, the process has died too often."""


class RecordingObserver:
    """An observer that does nothing. Each recording that began ends once."""

    def began(self, subject: Subject, folder: str) -> None: ...

    def refused(self, subject: Subject, reason: str) -> None:
        """Note a recording that could not begin."""

    def restarted(self, subject: Subject, reason: str) -> None:
        """Note that the recorder process has died, and that another one goes on in new files."""

    def file_finished(self, subject: Subject, file: FileSummary) -> None: ...

    def stream_grown(self, subject: Subject, event: StreamGrown) -> None:
        """Note that a stream of an HLS output has another part, or has ended."""

    def ended(
        self, subject: Subject, cause: str, reason: str, files: list[FileSummary], duration_s: float
    ) -> None: ...
