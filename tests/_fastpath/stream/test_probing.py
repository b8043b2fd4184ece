"""Probing by an estimator: when a cluster starts, and how its result moves the target."""

from __future__ import annotations

import pytest

from tests.support.feedback_talk import MS, START_BPS, FeedbackTalk


def test_small_media_does_not_raise_the_estimate_and_a_probe_does() -> None:
    talk = FeedbackTalk()
    talk.run(500)
    assert talk.estimator.delivered_bps == pytest.approx(400_000, rel=0.05)
    assert talk.estimator.bps == START_BPS
    talk.estimator.desired_bps = 1_500_000
    assert talk.probe()
    talk.run(30)
    assert talk.estimator.bps == pytest.approx(3 * START_BPS, rel=0.15)
    assert not talk.probe()  # there is nothing more to win


def test_a_probe_without_feedback_does_not_block_the_next() -> None:
    talk = FeedbackTalk()
    talk.run(100)
    talk.estimator.desired_bps = 5_000_000
    assert talk.estimator.start_probe(talk.now_us)
    while talk.estimator.probing:
        while talk.estimator.padding(talk.now_us):
            talk.estimator.sent(talk.number & 0xFFFF, talk.estimator.probe_packet_bytes, talk.now_us)
            talk.number += 1
        talk.now_us += 5 * MS
    talk.estimator.tick(talk.now_us + 2_000_000)
    talk.now_us += 4_000_000
    talk.run(60)
    assert talk.estimator.start_probe(talk.now_us)


def test_after_a_decrease_the_next_probe_waits() -> None:
    talk = FeedbackTalk(size=1000)
    talk.estimator.desired_bps = 5_000_000
    talk.run(100)
    talk.run(200, lose_every=3)
    assert talk.estimator.bps < START_BPS
    assert not talk.estimator.start_probe(talk.now_us)
    talk.run(300)
    assert talk.estimator.start_probe(talk.now_us)
