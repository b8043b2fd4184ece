"""The bad network keeps its own promises."""

from __future__ import annotations

from tests.support.link import Link

MS = 1000


def carry(link: Link, count: int, *, every_us: int = MS, size: int = 2) -> list[tuple[int, int]]:
    """Send numbered datagrams, then wait for all; (arrival time, number) in order of arrival."""
    for number in range(count):
        link.send(number * every_us, number.to_bytes(size))
    arrivals = []
    while (now_us := link.deadline()) is not None:
        arrivals += [(now_us, int.from_bytes(data)) for data in link.due(now_us)]
    assert link.delivered == len(arrivals)
    return arrivals


def test_a_perfect_link_delivers_at_once() -> None:
    link = Link(1)
    assert link.deadline() is None
    link.send(5, b"a")
    assert link.deadline() == 5
    assert link.due(4) == []
    assert link.due(5) == [b"a"]
    assert link.due(9) == []


def test_delay_is_added_to_all() -> None:
    assert carry(Link(1, delay_us=40 * MS), 3) == [(40 * MS, 0), (41 * MS, 1), (42 * MS, 2)]


def test_the_same_seed_has_the_same_fate() -> None:
    def bad(seed: int) -> Link:
        return Link(seed, loss=0.2, duplicate=0.1, jitter_us=5 * MS, reorder=0.2)

    assert carry(bad(7), 200) == carry(bad(7), 200)
    assert carry(bad(7), 200) != carry(bad(8), 200)


def test_loss_takes_its_share_whatever_else_happens() -> None:
    link = Link(3, loss=0.3)
    kept = {number for _, number in carry(link, 1000)}
    assert 250 < link.lost < 350
    assert len(kept) == 1000 - link.lost
    assert kept == {number for _, number in carry(Link(3, loss=0.3, jitter_us=9 * MS, reorder=0.5), 1000)}


def test_jitter_alone_keeps_the_order() -> None:
    arrivals = carry(Link(3, delay_us=10 * MS, jitter_us=20 * MS), 300)
    assert [number for _, number in arrivals] == list(range(300))
    waits = [at_us - number * MS for at_us, number in arrivals]
    assert min(waits) >= 10 * MS
    assert max(waits) <= 30 * MS
    assert len(set(waits)) > 100


def test_strays_are_overtaken() -> None:
    arrivals = [number for _, number in carry(Link(3, reorder=0.1), 300)]
    assert sorted(arrivals) == list(range(300))
    assert arrivals != sorted(arrivals)


def test_duplicates_arrive_twice() -> None:
    numbers = [number for _, number in carry(Link(3, duplicate=0.5), 100)]
    assert set(numbers) == set(range(100))
    assert 130 < len(numbers) < 170


def test_a_slow_link_queues_and_then_drops() -> None:
    link = Link(1, rate_bps=800_000, queue_us=25 * MS)  # 100 bytes a millisecond
    arrivals = carry(link, 10, every_us=0, size=1000)
    assert arrivals == [(10 * MS, 0), (20 * MS, 1), (30 * MS, 2)]
    assert link.overflowed == 7
    assert [link.queueing_us(now_us) for now_us in (0, 12 * MS, 40 * MS)] == [30 * MS, 18 * MS, 0]


def test_properties_may_change_on_the_way() -> None:
    link = Link(1)
    link.send(0, b"a")
    link.loss = 1.0
    link.send(1, b"b")
    link.loss = 0.0
    link.send(2, b"c")
    assert link.due(9) == [b"a", b"c"]


def test_a_token_bucket_lets_a_burst_through_after_a_rest() -> None:
    link = Link(1, rate_bps=80_000, burst_bytes=400)  # 10 bytes a millisecond
    for number in range(6):
        link.send(0, bytes([number]) * 100)
    arrivals = []
    while (now_us := link.deadline()) is not None:
        arrivals += [now_us] * len(link.due(now_us))
    assert arrivals == [0, 0, 0, 0, 10 * MS, 20 * MS]
    assert link.queueing_us(20 * MS) == 0
    link.send(60 * MS, bytes(500))  # all is full again, and a little more than it holds
    assert link.deadline() == 70 * MS
