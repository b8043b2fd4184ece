"""The estimator alone: where it starts, what it refuses, what silence and REMB mean."""

from __future__ import annotations

import pytest

from tests.support.feedback_talk import MS, START_BPS, FeedbackTalk
from tests.windows.bandwidth import Estimator

NONE, TRANSPORT_CC, REMB = range(3)


def test_before_any_report_nothing_is_known() -> None:
    estimator = Estimator()
    estimator.desired_bps = 5_000_000
    assert estimator.source == NONE
    assert estimator.bps == START_BPS
    assert not estimator.start_probe(1_000_000)


def test_malformed_feedback_is_refused() -> None:
    estimator = Estimator()
    assert not estimator.feedback(bytes([0x8F, 205, 0, 2]) + bytes(8), 1_000_000)
    assert estimator.source == NONE


def test_feedback_about_what_was_never_sent_moves_nothing() -> None:
    talk = FeedbackTalk()
    for number in range(50):
        talk.receiver.received(number, 2_000_000 + number * 40 * MS)
    report = talk.receiver.feedback()
    assert report is not None
    assert talk.estimator.feedback(report, 5_000_000)
    assert talk.estimator.bps == START_BPS
    assert talk.estimator.delivered_bps == 0


def test_the_same_feedback_twice_counts_once() -> None:
    talk = FeedbackTalk()
    talk.run(99)
    report = talk.receiver.feedback()
    assert report is not None
    talk.estimator.feedback(report, talk.now_us)
    before = talk.estimator.delivered_bps, talk.estimator.bps
    talk.estimator.feedback(report, talk.now_us + 1)
    assert (talk.estimator.delivered_bps, talk.estimator.bps) == before


def test_media_that_fills_the_estimate_raises_it() -> None:
    talk = FeedbackTalk(size=740)
    talk.run(1000)
    assert 650_000 < talk.estimator.bps < 1.5 * 592_000 + 10_001


def test_silence_is_no_congestion() -> None:
    talk = FeedbackTalk()
    talk.run(300)
    before = talk.estimator.bps
    talk.run(500, arrive=False, feedback=False)
    talk.run(100)
    assert talk.estimator.bps == before


def test_who_sends_little_does_not_starve_in_anothers_queue() -> None:
    """100 kbit/s in a queue that somebody else fills: yielding all of the estimate would not empty it."""
    talk = FeedbackTalk(size=125)
    talk.run(200)
    for queue_ms in range(0, 200, 10):
        talk.run_in_anothers_queue(10, queue_ms)
    lowest = talk.estimator.bps
    for _ in range(10):
        talk.run_in_anothers_queue(50, 200)
        lowest = min(lowest, talk.estimator.bps)
    assert lowest > 0.4 * START_BPS
    assert talk.estimator.bps > 0.5 * START_BPS


def test_loss_without_end_is_the_paths_own() -> None:
    talk = FeedbackTalk()
    talk.run(200)
    talk.run(3000, lose_every=7)
    assert talk.estimator.bps > START_BPS // 3
    low = talk.estimator.bps
    talk.run(3000, lose_every=7)
    assert talk.estimator.bps >= low


def test_remb_counts_only_while_there_is_no_transport_cc() -> None:
    estimator = Estimator()
    estimator.remb(250_000, 1_000_000)
    assert (estimator.source, estimator.bps) == (REMB, 250_000)
    talk = FeedbackTalk()
    talk.run(100)
    talk.estimator.remb(250_000, talk.now_us)
    assert (talk.estimator.source, talk.estimator.bps) == (TRANSPORT_CC, START_BPS)
    talk.estimator.remb(250_000, talk.now_us + 6_000_000)
    assert (talk.estimator.source, talk.estimator.bps) == (REMB, 250_000)


@pytest.mark.parametrize("size", [1, 1500])
def test_the_estimate_has_a_floor(size: int) -> None:
    estimator = Estimator()
    estimator.remb(0, 1_000_000)
    estimator.sent(0, size, 1_000_000)
    assert estimator.bps == 30_000


def test_a_queue_that_grows_from_report_to_report_is_enough() -> None:
    """Long before the trend of delays has its twenty points."""
    talk = FeedbackTalk(size=1000)
    talk.run(100)
    before = talk.estimator.bps
    for step in range(1, 5):  # now half of what is sent arrives in its time
        for _ in range(10):
            talk.estimator.sent(talk.number & 0xFFFF, talk.size, talk.now_us)
            if talk.number % 2:
                late_us = 20 * MS + step * 60 * MS
                talk.receiver.received(talk.number & 0xFFFF, talk.now_us + late_us)
            talk.number += 1
            talk.now_us += 10 * MS
        while (report := talk.receiver.feedback()) is not None:
            talk.estimator.feedback(report, talk.now_us + 350 * MS)
    assert talk.estimator.bps < 0.85 * before
