"""Rooms shown over HLS in the event feed, in the counters and in the log."""

from __future__ import annotations

import logging

import pytest
from prometheus_client import CollectorRegistry

from mediad.supervisor.observability.show_book import ShowBook
from mediad.supervisor.recording.observer import Subject
from mediad.telemetry.feed import Feed
from mediad.telemetry.instruments import Instruments

SUBJECT = Subject("hls-1", "room", None)


class Book:
    def __init__(self) -> None:
        self.feed, self.numbers = Feed(), CollectorRegistry()
        self.book = ShowBook(self.feed, Instruments(self.numbers))

    def value(self, name: str, **labels: str) -> float | None:
        return self.numbers.get_sample_value(f"mediad_{name}", labels)


def test_a_show_from_its_beginning_to_its_end() -> None:
    one = Book()
    one.book.watch(lambda: 2)
    assert one.value("shows_ended_total", cause="deserted") == 0
    one.book.began(SUBJECT, "/run/hls/1")
    one.book.restarted(SUBJECT, "it was killed by SIGKILL")
    one.book.ended(SUBJECT, "deserted", "nobody is left", [], 3.0)
    began, restarted, ended = one.feed.after(0)
    assert (began["type"], began["room"]) == ("hls.started", "room")
    assert (restarted["type"], restarted["reason"]) == ("hls.restarted", "it was killed by SIGKILL")
    assert (ended["type"], ended["cause"], ended["durationS"]) == ("hls.ended", "deserted", 3.0)
    assert one.value("shows") == 2
    assert one.value("shows_ended_total", cause="deserted") == 1


def test_an_end_that_nobody_asked_for_is_a_failure(caplog: pytest.LogCaptureFixture) -> None:
    one = Book()
    one.book.ended(SUBJECT, "disk-full", "no space is left", [], 3.0)
    (event,) = one.feed.after(0)
    assert (event["type"], event["cause"], event["reason"]) == ("hls.failed", "disk-full", "no space is left")
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


def test_a_refusal_is_told() -> None:
    one = Book()
    one.book.refused(Subject("hls-2", "room", "ana"), "there is no place")
    (event,) = one.feed.after(0)
    assert (event["type"], event["cause"], event["peer"]) == ("hls.failed", "refused", "ana")
