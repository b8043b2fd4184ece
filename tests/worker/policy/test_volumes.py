from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediad.worker.policy.volumes import MIN_PACKETS, MOST, Volumes

THRESHOLD = -80


def hear(volumes: Volumes, producer_id: str, *levels: int) -> None:
    volumes.heard(producer_id, len(levels), sum(levels))


def test_all_who_are_heard_loudest_first() -> None:
    volumes = Volumes()
    for name, dbov in (("ana", -40), ("ben", -30), ("eve", -79)):
        hear(volumes, name, *[dbov] * 20)
    assert volumes.decide(THRESHOLD) == [("ben", -30), ("ana", -40), ("eve", -79)]
    hear(volumes, "ana", *[-50] * 20)
    assert volumes.decide(THRESHOLD) == [("ana", -50)]


def test_the_mean_of_all_reports_of_an_interval_counts() -> None:
    volumes = Volumes()
    hear(volumes, "ana", *[-20] * 15)
    hear(volumes, "ana", *[-80] * 15)
    hear(volumes, "ben", *[-49] * 15)
    assert volumes.decide(THRESHOLD) == [("ben", -49), ("ana", -50)]


@pytest.mark.parametrize(("threshold", "heard"), [(-51, True), (-50, True), (-49, False), (0, False)])
def test_whispers_do_not_count(threshold: int, heard: bool) -> None:
    volumes = Volumes()
    hear(volumes, "ana", *[-50] * 20)
    assert volumes.decide(threshold) == ([("ana", -50)] if heard else None)


@pytest.mark.parametrize(("packets", "heard"), [(1, False), (MIN_PACKETS - 1, False), (MIN_PACKETS, True)])
def test_a_few_packets_are_no_voice(packets: int, heard: bool) -> None:
    """Comfort noise of Opus DTX comes in one packet each 400 ms."""
    volumes = Volumes()
    hear(volumes, "ana", *[-30] * packets)
    assert volumes.decide(THRESHOLD) == ([("ana", -30)] if heard else None)


def test_no_more_than_the_loudest_are_told() -> None:
    volumes = Volumes()
    for index in range(30):
        hear(volumes, str(index), *[-index] * 20)
    assert volumes.decide(THRESHOLD) == [(str(index), -index) for index in range(MOST)]


def test_silence_is_told_once_after_a_spare_interval() -> None:
    volumes = Volumes()
    hear(volumes, "ana", *[-40] * 20)
    assert volumes.decide(THRESHOLD)
    assert not volumes.idle
    assert [volumes.decide(THRESHOLD) for _ in range(4)] == [None, [], None, None]
    assert volumes.idle


def test_a_late_level_is_no_silence() -> None:
    volumes = Volumes()
    hear(volumes, "ana", *[-40] * 20)
    volumes.decide(THRESHOLD)
    assert volumes.decide(THRESHOLD) is None
    hear(volumes, "ana", *[-40] * 20)
    assert volumes.decide(THRESHOLD) == [("ana", -40)]
    assert volumes.decide(THRESHOLD) is None


def test_nothing_to_tell_before_anybody_spoke() -> None:
    volumes = Volumes()
    assert volumes.idle
    assert volumes.decide(THRESHOLD) is None
    hear(volumes, "ana", -40)
    assert not volumes.idle


def test_who_left_is_not_heard() -> None:
    volumes = Volumes()
    hear(volumes, "ana", *[-40] * 20)
    hear(volumes, "ben", *[-50] * 20)
    volumes.forget("ana")
    volumes.forget("nobody")
    assert volumes.decide(THRESHOLD) == [("ben", -50)]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.lists(st.integers(-127, 0), min_size=1)), max_size=20))
def test_a_volume_is_a_level(reports: list[tuple[str, list[int]]]) -> None:
    volumes = Volumes()
    for name, levels in reports:
        hear(volumes, name, *levels)
    told = volumes.decide(-127) or []
    assert [dbov for _, dbov in told] == sorted((dbov for _, dbov in told), reverse=True)
    assert all(-127 <= dbov <= 0 for _, dbov in told)
