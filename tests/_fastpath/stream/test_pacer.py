"""Packets that wait when more is sent than two and a half times the estimate."""

from __future__ import annotations

import pytest

from tests.windows.bandwidth import Pacer

REPAIR, MEDIA = 0, 1
MS = 1000
NOW = 1_000_000
BPS = 1_000_000
BURST = 12_000


def test_a_small_burst_leaves_at_once() -> None:
    pacer = Pacer()
    for _ in range(10):
        assert not pacer.must_wait(MEDIA, BPS, NOW)
        pacer.spend(1200, BPS, NOW)
    assert pacer.must_wait(MEDIA, BPS, NOW)
    assert pacer.must_wait(REPAIR, BPS, NOW)


def test_time_pays_at_two_and_a_half_times_the_estimate() -> None:
    pacer = Pacer()
    pacer.spend(BURST + 2500, BPS, NOW)
    assert pacer.must_wait(MEDIA, BPS, NOW + 7 * MS)
    assert not pacer.must_wait(MEDIA, BPS, NOW + 9 * MS)


def test_a_fast_path_has_a_longer_burst() -> None:
    pacer = Pacer()
    pacer.spend(30_000, 10 * BPS, NOW)
    assert not pacer.must_wait(MEDIA, 10 * BPS, NOW)


def test_nothing_waits_while_the_path_is_unknown() -> None:
    pacer = Pacer()
    pacer.spend(1_000_000, 0, NOW)
    assert not pacer.must_wait(MEDIA, 0, NOW)
    assert not pacer.must_wait(MEDIA, BPS, NOW)


def test_repairs_leave_before_media_and_each_in_its_order() -> None:
    pacer = Pacer()
    assert pacer.hold(MEDIA, 7, 100, 1000)
    assert pacer.hold(MEDIA, 7, 101, 1000)
    assert pacer.hold(REPAIR, 8, 50, 900)
    assert pacer.waits
    left = [pacer.next(BPS, NOW) for _ in range(4)]
    assert left == [(REPAIR, 8, 50, 900), (MEDIA, 7, 100, 1000), (MEDIA, 7, 101, 1000), None]
    assert not pacer.waits


def test_who_comes_while_others_wait_waits_behind_them() -> None:
    pacer = Pacer()
    pacer.hold(MEDIA, 7, 100, 1000)
    assert pacer.must_wait(MEDIA, BPS, NOW)
    assert not pacer.must_wait(REPAIR, BPS, NOW)


def drain_us(path_bps: int, packets: int) -> int:
    pacer = Pacer()
    pacer.spend(BURST, path_bps, NOW)
    for number in range(packets):
        pacer.hold(MEDIA, 7, number, 1200)
    now_us = NOW
    while pacer.waits:
        now_us += 5 * MS
        while pacer.next(path_bps, now_us) is not None:
            pacer.spend(1200, path_bps, now_us)
    return now_us - NOW


def test_a_key_frame_leaves_at_the_pace() -> None:
    assert drain_us(2 * BPS, 40) == pytest.approx(40 * 1200 * 8 / 5 * 1, rel=0.2)


def test_the_queue_of_a_hopeless_path_empties_all_the_same() -> None:
    """An estimate far under the lowest layer. What waits shrinks as it leaves, so the last take longer."""
    assert drain_us(30_000, 300) < 2_000_000


def test_full_is_told() -> None:
    pacer = Pacer()
    assert all(pacer.hold(MEDIA, 7, number, 10) for number in range(512))
    assert not pacer.hold(MEDIA, 7, 512, 10)
    assert pacer.hold(REPAIR, 7, 512, 10)


def test_repairs_get_half_of_the_path_and_a_small_burst() -> None:
    pacer = Pacer()
    affordable = sum(pacer.affords_repair(1000, BPS, NOW) for _ in range(50))
    assert affordable == 15
    later = NOW + 100 * MS
    assert sum(pacer.affords_repair(1000, BPS, later) for _ in range(50)) == 6  # half of 12 500 bytes
    assert not any(pacer.affords_repair(1000, 0, later) for _ in range(50)), "no path has room without end"


def test_audio_is_repeated_a_little_where_video_took_all() -> None:
    pacer = Pacer()
    while pacer.affords_repair(1000, BPS, NOW):
        pass
    assert 10 <= sum(pacer.affords_repair(100, BPS, NOW, video=False) for _ in range(50)) <= 20


def test_behind_a_standing_queue_nothing_bursts() -> None:
    pacer = Pacer()
    pacer.careful = True
    for _ in range(3):
        assert not pacer.must_wait(MEDIA, BPS, NOW)
        pacer.spend(1000, BPS, NOW)
    assert pacer.must_wait(MEDIA, BPS, NOW)
    assert pacer.must_wait(MEDIA, BPS, NOW + 3 * MS)  # 125 bytes a millisecond
    assert not pacer.must_wait(MEDIA, BPS, NOW + 5 * MS)
    assert sum(pacer.affords_repair(1000, BPS, NOW) for _ in range(50)) == 5
