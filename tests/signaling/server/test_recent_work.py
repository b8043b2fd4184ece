"""Recent work of addresses in fake time: it adds up, is forgotten, and takes bounded memory."""

from __future__ import annotations

from mediad.signaling.server.recent_work import HALF_LIFE_US, MOST_ADDRESSES, RecentWork


def test_it_adds_up_over_connections_and_half_is_forgotten() -> None:
    work = RecentWork()
    work.charge("a", 1000, 0)
    work.charge("a", 1000, 0)
    assert (work.used_us("a", 0), work.used_us("b", 0)) == (2000, 0)
    assert work.used_us("a", HALF_LIFE_US) == 1000
    work.charge("a", 500, 2 * HALF_LIFE_US)
    assert work.used_us("a", 2 * HALF_LIFE_US) == 1000


def test_addresses_without_end_take_bounded_memory() -> None:
    work = RecentWork()
    work.charge("busy", 1_000_000, 0)
    for number in range(3 * MOST_ADDRESSES):
        work.charge(str(number), 10, 0)
        assert len(work._entries) <= MOST_ADDRESSES
    assert work.used_us("busy", 0) == 1_000_000, "who did much is not forgotten for those who did little"
    for number in range(3 * MOST_ADDRESSES):
        work.charge(str(number), 1_000_000, 0)
        assert len(work._entries) <= MOST_ADDRESSES
