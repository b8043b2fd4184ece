"""Recordings of a call of bookkeeping workers by tiny recorders, and what operators hear of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mediad.config.settings import Settings
from mediad.pipe.recorder_requests import FileSummary
from mediad.rooms.registry import RoomRegistry
from mediad.supervisor.recording.observer import RecordingObserver, Subject
from mediad.supervisor.recording.recordings import Recordings
from tests.support.calls import Call
from tests.support.workers import tiny

TINY_RECORDER = str(Path(__file__).with_name("tiny_recorder.py"))


def tiny_recorder(mode: str = "ready") -> tuple[str, ...]:
    """The command of a tiny recorder."""
    return tiny(mode, TINY_RECORDER)


class Heard(RecordingObserver):
    """Notes of what was told of recordings, as tuples that begin with the event."""

    def __init__(self) -> None:
        self.heard: list[tuple[Any, ...]] = []
        self.reasons: list[str] = []

    def began(self, subject: Subject, folder: str) -> None:
        self.heard.append(("began", subject.room_id, subject.peer_id))

    def refused(self, subject: Subject, reason: str) -> None:
        self.heard.append(("refused", subject.room_id))
        self.reasons.append(reason)

    def restarted(self, subject: Subject, reason: str) -> None:
        self.heard.append(("restarted", subject.room_id))
        self.reasons.append(reason)

    def file_finished(self, subject: Subject, file: FileSummary) -> None:
        self.heard.append(("file", file.peer_id, file.source))

    def ended(
        self, subject: Subject, cause: str, reason: str, files: list[FileSummary], duration_s: float
    ) -> None:
        self.heard.append(("ended", cause, len(files)))
        self.reasons.append(reason)


def recordings_of(
    registry: Call | RoomRegistry,
    directory: Path,
    observer: RecordingObserver | None = None,
    mode: str = "ready",
    **settings: Any,
) -> Recordings:
    """The recordings of a call's rooms, below `directory`."""
    if isinstance(registry, Call):
        registry = registry.registry
    given = {"recording_dir": str(directory), "recording_min_free_bytes": 0, **settings}
    return Recordings(registry, Settings(**given), {}, observer, tiny_recorder(mode))
