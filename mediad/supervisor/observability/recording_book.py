"""RecordingBook: turns what happens to recordings into log lines, events of the feed, and counters."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import get_args

from mediad.pipe.recorder_requests import EndCode, FileSummary
from mediad.rooms.listener import CloseCause
from mediad.rooms.observer import DESERTED, FAILED
from mediad.supervisor.recording.observer import (
    RECORDER_DIED,
    SHUTDOWN,
    STOPPED,
    RecordingObserver,
    Subject,
)
from mediad.telemetry.feed import Feed
from mediad.telemetry.instruments import Instruments

FAILURES = {FAILED, RECORDER_DIED, "disk-full", "directory-gone", "disk-slow", "disk-error", "bug"}
"""The causes of an end that nobody asked for."""

logger = logging.getLogger(__name__)


class RecordingBook(RecordingObserver):
    """Events and counters of recordings."""

    def __init__(self, feed: Feed, instruments: Instruments) -> None:
        self._feed = feed
        self._count = instruments
        causes = [STOPPED, SHUTDOWN, RECORDER_DIED, DESERTED, FAILED, *get_args(EndCode)]
        for cause in (*causes, *(cause.value for cause in CloseCause)):
            self._count.recordings_ended.labels(cause)  # exists from the start: see CallBook

    def watch(self, under_way: Callable[[], int], bitrate: Callable[[], int]) -> None:
        """Show how many recordings there are, and the bits a second that they receive."""
        self._count.recordings.set_function(under_way)
        self._count.recording_bitrate.set_function(bitrate)

    def began(self, subject: Subject, folder: str) -> None:
        self._log(subject, logging.INFO, "recording %s began, to %s", subject.recording_id, folder)
        self._publish("recording.started", subject, folder=folder)

    def refused(self, subject: Subject, reason: str) -> None:
        self._count.recordings_refused.inc()
        self._log(subject, logging.INFO, "a recording was refused: %s", reason)
        self._publish("recording.failed", subject, cause="refused", reason=reason)

    def restarted(self, subject: Subject, reason: str) -> None:
        self._count.recorder_restarts.inc()
        self._publish("recording.restarted", subject, reason=reason)

    def file_finished(self, subject: Subject, file: FileSummary) -> None:
        self._count.recorded_bytes.inc(file.bytes)
        self._feed.publish(
            "recording.file",
            recording=subject.recording_id,
            room=subject.room_id,
            peer=file.peer_id,
            source=file.source,
            path=file.path,
            format=file.format,
            durationS=round(file.duration_s, 3),
            bytes=file.bytes,
        )

    def ended(
        self, subject: Subject, cause: str, reason: str, files: list[FileSummary], duration_s: float
    ) -> None:
        failed = cause in FAILURES
        self._count.recordings_ended.labels(cause).inc()
        text = "recording %s ended (%s): %s; files: %d"
        level = logging.ERROR if failed else logging.INFO
        self._log(subject, level, text, subject.recording_id, cause, reason, len(files))
        self._publish(
            "recording.failed" if failed else "recording.ended",
            subject,
            cause=cause,
            reason=reason,
            durationS=round(duration_s, 3),
            files=len(files),
            bytes=sum(file.bytes for file in files),
        )

    def _publish(self, type_: str, subject: Subject, **facts: object) -> None:
        self._feed.publish(
            type_, recording=subject.recording_id, room=subject.room_id, peer=subject.peer_id, **facts
        )

    def _log(self, subject: Subject, level: int, text: str, *values: object) -> None:
        logger.log(level, text, *values, extra={"room": subject.room_id, "peer": subject.peer_id})
