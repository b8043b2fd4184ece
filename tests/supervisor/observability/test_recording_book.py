"""Recordings in the event feed, in the counters and in the log."""

from __future__ import annotations

import logging

import pytest
from prometheus_client import CollectorRegistry

from mediad.pipe.recorder_requests import FileSummary
from mediad.supervisor.observability.recording_book import RecordingBook
from mediad.supervisor.recording.observer import Subject
from mediad.telemetry.feed import Feed
from mediad.telemetry.instruments import Instruments

SUBJECT = Subject("r1", "room", None)
FILE = FileSummary("/srv/r1/ana-camera.mkv", "ana", "camera", "mkv", 1.0, 2.5, 4000, [], True)


class Book:
    def __init__(self) -> None:
        self.feed, self.numbers = Feed(), CollectorRegistry()
        self.book = RecordingBook(self.feed, Instruments(self.numbers))

    def value(self, name: str, **labels: str) -> float | None:
        return self.numbers.get_sample_value(f"mediad_{name}", labels)


def test_a_recording_from_its_beginning_to_its_end() -> None:
    one = Book()
    one.book.watch(lambda: 1, lambda: 64_000)
    assert one.value("recordings_ended_total", cause="deserted") == 0
    one.book.began(SUBJECT, "/srv/r1")
    one.book.restarted(SUBJECT, "it was killed by SIGKILL")
    one.book.file_finished(SUBJECT, FILE)
    one.book.ended(SUBJECT, "deserted", "nobody is left", [FILE], 3.0)
    began, restarted, file, ended = one.feed.after(0)
    assert (began["type"], began["room"], began["folder"]) == ("recording.started", "room", "/srv/r1")
    assert "peer" not in began
    assert (restarted["type"], restarted["recording"]) == ("recording.restarted", "r1")
    assert (file["type"], file["peer"], file["path"]) == ("recording.file", "ana", FILE.path)
    assert (ended["type"], ended["cause"], ended["files"]) == ("recording.ended", "deserted", 1)
    assert (ended["bytes"], ended["durationS"]) == (4000, 3.0)
    assert one.value("recordings") == 1
    assert one.value("recording_bitrate_bps") == 64_000
    assert one.value("recordings_ended_total", cause="deserted") == 1
    assert one.value("recorded_bytes_total") == 4000
    assert one.value("recorder_restarts_total") == 1


@pytest.mark.parametrize("cause", ["disk-full", "recorder-died", "failed"])
def test_an_end_that_nobody_asked_for_is_a_failure(cause: str, caplog: pytest.LogCaptureFixture) -> None:
    one = Book()
    one.book.ended(SUBJECT, cause, "no space is left", [FILE], 3.0)
    (event,) = one.feed.after(0)
    assert (event["type"], event["cause"], event["reason"]) == ("recording.failed", cause, "no space is left")
    assert [(record.levelno, cause in record.getMessage()) for record in caplog.records] == [
        (logging.ERROR, True)
    ]


def test_a_refusal_is_a_failure_of_its_own() -> None:
    one = Book()
    one.book.refused(Subject("r2", "room", "ana"), "there is no place")
    (event,) = one.feed.after(0)
    assert (event["type"], event["cause"], event["peer"]) == ("recording.failed", "refused", "ana")
    assert one.value("recordings_refused_total") == 1
