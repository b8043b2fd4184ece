"""Refusals as operators see them: each counted, few told, with numbers that add up."""

from __future__ import annotations

import logging

import pytest
from prometheus_client import CollectorRegistry

from mediad.budgets.budgets import Budgets, cap_refusal
from mediad.budgets.catalogue import LIMITS
from mediad.supervisor.observability import refusal_book
from mediad.supervisor.observability.refusal_book import RefusalBook
from mediad.telemetry.feed import Feed
from mediad.telemetry.instruments import Instruments
from tests.support.loops import on_loop, until


@on_loop
async def test_a_flood_of_refusals_is_two_events(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(refusal_book, "TOLD_S", 0.05)
    caplog.set_level(logging.WARNING)
    feed, numbers, now_s = Feed(), CollectorRegistry(), 0.0
    book = RefusalBook(feed, Instruments(numbers), lambda: now_s)
    budgets = Budgets()
    budgets.on_refused = book.refused
    for _ in range(1001):
        budgets.refuse(cap_refusal("address_rooms", 5, 5, "192.0.2.7"))
    facts = {"limit": "address_rooms", "holder": "192.0.2.7", "current": 5, "maximum": 5}
    (event,) = feed.after(0)
    assert {**facts, "count": 1, "setting": "max_rooms_per_address"}.items() <= event.items()
    now_s = 61.0
    await until(lambda: feed.last_seq == 2)
    assert feed.after(1)[0]["count"] == 1000
    now_s = 200.0
    await until(lambda: book._timer is None)
    assert feed.last_seq == 2
    assert numbers.get_sample_value("mediad_refusals_total", {"reason": "address_rooms"}) == 1001
    assert caplog.messages[0] == (
        "the limit address_rooms is reached by 192.0.2.7, 5 of 5: 1 refused (see max_rooms_per_address)"
    )
    book.stop()


def test_the_series_of_all_limits_exist_from_the_start() -> None:
    numbers = CollectorRegistry()
    RefusalBook(Feed(), Instruments(numbers))
    for name in LIMITS:
        assert numbers.get_sample_value("mediad_refusals_total", {"reason": name}) == 0
