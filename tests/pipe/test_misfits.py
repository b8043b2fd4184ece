"""Counting what cannot be read."""

from __future__ import annotations

from mediad.pipe import misfits
from mediad.pipe.misfits import Misfits


def test_each_is_counted_and_each_name_is_news_once() -> None:
    met = Misfits("event", "unknown_event")
    assert met.counts == {"event": 0, "unknown_event": 0}
    assert [met.count("event", "a"), met.count("event", "a"), met.count("event", "b")] == [True, False, True]
    assert met.count("unknown_event", "a")
    assert met.counts == {"event": 3, "unknown_event": 1}


def test_a_long_name_is_remembered_by_its_beginning() -> None:
    met = Misfits("event")
    assert met.count("event", "x" * 1_000_000)
    assert not met.count("event", "x" * 2_000_000)
    assert sum(len(name) for _, name in met._names) == misfits.MAX_NAME


def test_names_without_end_are_news_for_a_while() -> None:
    met = Misfits("unknown_event")
    news = [met.count("unknown_event", str(n)) for n in range(misfits.MAX_NAMES + 10)]
    assert sum(news) == misfits.MAX_NAMES
    assert met.counts["unknown_event"] == len(news)
