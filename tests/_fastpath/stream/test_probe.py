"""Probe clusters: how they are filled, and what their arrival says."""

from __future__ import annotations

import pytest

from tests.windows.bandwidth import Probe

PENDING, CARRIED, SLOWED, LOST = range(4)
MS = 1000
START = 10_000_000


def send(probe: Probe, *, media: int = 0) -> list[tuple[int, int]]:
    """Pace one cluster every 5 ms, with `media` bytes of media each time; [(sent µs, bytes)]."""
    sent, now_us = [], START
    while probe.sending:
        if media:
            probe.sent(media, now_us)
            sent.append((now_us, media))
        while probe.owed(now_us):
            probe.sent(probe.packet_bytes, now_us)
            sent.append((now_us, probe.packet_bytes))
        now_us += 5 * MS
    return sent


def through(sent: list[tuple[int, int]], rate_bps: int) -> list[int]:
    """Arrival times behind a link of this rate."""
    free_us, arrivals = 0.0, []
    for sent_us, size in sent:
        free_us = max(free_us, sent_us + 20 * MS) + size * 8e6 / rate_bps
        arrivals.append(int(free_us))
    return arrivals


def probe_over(rate_bps: int, target_bps: int, *, media: int = 0) -> tuple[int, int]:
    probe = Probe()
    probe.begin(target_bps, START)
    sent = send(probe, media=media)
    for (sent_us, size), arrival_us in zip(sent, through(sent, rate_bps), strict=True):
        probe.received(size, sent_us, arrival_us)
    return probe.judge(START + 200 * MS)


@pytest.mark.parametrize("target", [60_000, 300_000, 1_800_000, 8_000_000])
def test_a_cluster_has_its_rate_and_enough_packets(target: int) -> None:
    probe = Probe()
    probe.begin(target, START)
    sent = send(probe)
    assert len(sent) >= 8
    span_us = sent[-1][0] - sent[0][0]
    assert (sum(size for _, size in sent) - sent[-1][1]) * 8e6 / span_us == pytest.approx(target, rel=0.15)


def test_media_takes_the_place_of_padding() -> None:
    probe = Probe()
    probe.begin(2_000_000, START)
    sent = send(probe, media=1000)
    padding = sum(size for _, size in sent if size != 1000)
    assert sum(size for _, size in sent) == pytest.approx(2_000_000 / 8 * 0.05, rel=0.2)
    assert padding < 4000


def test_a_wide_path_carries_it() -> None:
    verdict, bps = probe_over(50_000_000, 2_000_000)
    assert verdict == CARRIED
    assert bps == pytest.approx(2_000_000, rel=0.15)


@pytest.mark.parametrize("rate", [300_000, 1_000_000, 5_000_000])
def test_a_narrow_path_shows_its_rate(rate: int) -> None:
    verdict, bps = probe_over(rate, 2 * rate)
    assert verdict == SLOWED
    assert bps == pytest.approx(0.95 * rate, rel=0.05)


def test_pending_until_all_is_told_or_something_later_was() -> None:
    probe = Probe()
    probe.begin(1_000_000, START)
    sent = send(probe)
    assert probe.waiting
    for sent_us, size in sent[:-1]:
        probe.received(size, sent_us, sent_us + 30 * MS)
    assert probe.judge(START + 100 * MS) == (PENDING, 0)
    verdict, bps = probe.judge(START + 100 * MS, later=True)
    assert verdict == CARRIED
    assert bps > 0
    assert not probe.waiting


def test_without_news_it_ends_by_itself() -> None:
    probe = Probe()
    probe.begin(1_000_000, START)
    send(probe)
    assert probe.judge(START + 1_000_000) == (PENDING, 0)
    assert probe.judge(START + 3_000_000) == (LOST, 0)


def test_too_much_loss_tells_nothing() -> None:
    probe = Probe()
    probe.begin(1_000_000, START)
    sent = send(probe)
    for i, (sent_us, size) in enumerate(sent):
        if i % 2:
            probe.lost()
        else:
            probe.received(size, sent_us, sent_us + 30 * MS)
    assert probe.judge(START + 200 * MS) == (LOST, 0)


def test_what_was_held_back_and_let_go_is_no_measure() -> None:
    probe = Probe()
    probe.begin(1_000_000, START)
    for i, (sent_us, size) in enumerate(send(probe)):
        probe.received(size, sent_us, START + 100 * MS + i * 100)
    assert probe.judge(START + 200 * MS) == (LOST, 0)


def test_numbers_of_clusters_never_are_0() -> None:
    probe = Probe()
    for i in range(300):
        probe.begin(1_000_000, START + i)
        assert probe.cluster == i % 255 + 1
