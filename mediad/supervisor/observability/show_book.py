"""ShowBook: turns what happens to rooms shown over HLS into log lines, events of the feed, and counters."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import get_args

from mediad.pipe.recorder_requests import EndCode, FileSummary
from mediad.rooms.listener import CloseCause
from mediad.rooms.observer import DESERTED, FAILED
from mediad.supervisor.observability.recording_book import FAILURES
from mediad.supervisor.recording.observer import (
    RECORDER_DIED,
    SHUTDOWN,
    STOPPED,
    RecordingObserver,
    Subject,
)
from mediad.telemetry.feed import Feed
from mediad.telemetry.instruments import Instruments

logger = logging.getLogger(__name__)


class ShowBook(RecordingObserver):
    """Events and counters of rooms that are shown."""

    def __init__(self, feed: Feed, instruments: Instruments) -> None:
        self._feed = feed
        self._count = instruments
        causes = [STOPPED, SHUTDOWN, RECORDER_DIED, DESERTED, FAILED, *get_args(EndCode)]
        for cause in (*causes, *(cause.value for cause in CloseCause)):
            self._count.shows_ended.labels(cause)  # exists from the start: see CallBook

    def watch(self, under_way: Callable[[], int]) -> None:
        """Show how many rooms are shown."""
        self._count.shows.set_function(under_way)

    def began(self, subject: Subject, folder: str) -> None:
        self._tell(subject, logging.INFO, "hls.started", "is shown over HLS")

    def refused(self, subject: Subject, reason: str) -> None:
        self._tell(
            subject,
            logging.INFO,
            "hls.failed",
            f"could not be shown: {reason}",
            cause="refused",
            reason=reason,
        )

    def restarted(self, subject: Subject, reason: str) -> None:
        self._tell(subject, logging.ERROR, "hls.restarted", f"is shown anew: {reason}", reason=reason)

    def ended(
        self, subject: Subject, cause: str, reason: str, files: list[FileSummary], duration_s: float
    ) -> None:
        failed = cause in FAILURES
        self._count.shows_ended.labels(cause).inc()
        self._tell(
            subject,
            logging.ERROR if failed else logging.INFO,
            "hls.failed" if failed else "hls.ended",
            f"is shown no longer ({cause}): {reason}",
            cause=cause,
            reason=reason,
            durationS=round(duration_s, 3),
        )

    def _tell(self, subject: Subject, level: int, type_: str, text: str, **facts: object) -> None:
        logger.log(level, "the room %s", text, extra={"room": subject.room_id, "peer": subject.peer_id})
        self._feed.publish(type_, room=subject.room_id, peer=subject.peer_id, **facts)
