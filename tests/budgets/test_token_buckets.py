"""Token buckets: exact where there is room, never generous where there is none, and bounded."""

from __future__ import annotations

import random
import tracemalloc

from mediad.budgets.token_buckets import TokenBuckets


def taken(buckets: TokenBuckets, holder: str, now_s: float, attempts: int) -> int:
    return sum(buckets.take(holder, now_s) == 0 for _ in range(attempts))


def test_a_holder_gets_its_burst_and_then_its_rate() -> None:
    buckets = TokenBuckets(rate_per_s=10, burst=50)
    assert taken(buckets, "a", 100.0, 80) == 50
    assert taken(buckets, "a", 101.0, 80) == 10
    assert taken(buckets, "a", 1000.0, 80) == 50


def test_a_refusal_takes_nothing_and_tells_how_long_to_wait() -> None:
    buckets = TokenBuckets(rate_per_s=2, burst=4)
    assert taken(buckets, "a", 0.0, 4) == 4
    wait_s = buckets.take("a", 0.0)
    assert wait_s == buckets.take("a", 0.0) == 0.5
    assert buckets.take("a", wait_s) == 0


def test_more_than_the_burst_is_never_given() -> None:
    buckets = TokenBuckets(rate_per_s=1, burst=5)
    assert buckets.take("a", 0.0, amount=6) > 0
    assert buckets.take("a", 0.0, amount=5) == 0


def test_holders_do_not_share() -> None:
    buckets = TokenBuckets(rate_per_s=1, burst=3)
    assert taken(buckets, "a", 0.0, 9) == 3
    assert taken(buckets, "b", 0.0, 9) == 3


def test_all_of_several_holders_are_charged_or_none() -> None:
    buckets = TokenBuckets(rate_per_s=1, burst=4)
    assert taken(buckets, "site", 0.0, 3) == 3
    assert buckets.take_all((("host", 1.0), ("site", 1.0)), 0.0) == 0
    assert buckets.take_all((("host", 1.0), ("site", 1.0)), 0.0) > 0
    assert buckets.used("host", 0.0) == 1


def test_a_part_of_the_cost() -> None:
    buckets = TokenBuckets(rate_per_s=1, burst=1)
    hosts = [f"host {n}" for n in range(40)]
    assert sum(buckets.take_all(((host, 1.0), ("site", 1 / 16)), 0.0) == 0 for host in hosts) == 16


def test_new_rates_hold_at_once_for_everybody() -> None:
    buckets = TokenBuckets(rate_per_s=1, burst=10)
    assert taken(buckets, "a", 0.0, 20) == 10
    buckets.change(rate_per_s=100, burst=200)
    assert taken(buckets, "a", 10.0, 500) == 200


def test_memory_is_bounded_whoever_comes() -> None:
    buckets = TokenBuckets(rate_per_s=1, burst=10)
    chance = random.Random(4)
    tracemalloc.start()
    for n in range(100_000):
        buckets.take(f"{chance.getrandbits(64):x}" * 9, n / 1e5)
    kept_bytes, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(buckets) == 4096
    assert kept_bytes < 1_500_000


def test_nobody_gets_more_by_coming_from_everywhere() -> None:
    """Random holders beyond all buckets get no more than the buckets together allow."""
    buckets = TokenBuckets(rate_per_s=1, burst=10, buckets=64)
    chance = random.Random(5)
    admitted = sum(taken(buckets, f"{chance.getrandbits(64):x}", n / 1000, 1) for n in range(20_000))
    assert admitted <= 64 * (10 + 20)


def test_a_holder_that_was_forgotten_is_not_charged_less() -> None:
    """A burst that was used up does not come back when others push its holder out."""
    chance = random.Random(6)
    buckets = TokenBuckets(rate_per_s=1, burst=10, buckets=64)
    given = 0
    for n in range(3000):
        given += taken(buckets, "attacker", n / 100, 2)
        buckets.take(f"{chance.getrandbits(64):x}", n / 100)
    assert given <= 10 + 30 + 1


def test_honest_holders_are_served_beside_a_flood_of_strangers() -> None:
    """Strangers share what is left to them; who asks seldom finds its bucket, or a fair part of another."""
    buckets = TokenBuckets(rate_per_s=2, burst=40)
    chance = random.Random(7)
    served = 0
    for n in range(60_000):
        buckets.take(f"flood {chance.randrange(2000)}", n / 20_000)
        if n % 100 == 0:
            served += taken(buckets, f"honest {n // 100 % 50}", n / 20_000, 1)
    assert served >= 570


def test_what_is_done_already_is_owed() -> None:
    buckets = TokenBuckets(rate_per_s=1, burst=3)
    buckets.owe((("a", 1.0), ("b", 0.5)), 0.0, 8)
    assert buckets.take("a", 0.0) == 6
    assert buckets.used("b", 0.0) == 4


def test_the_nearest_holder() -> None:
    buckets = TokenBuckets(rate_per_s=1, burst=10)
    assert buckets.nearest(0.0) is None
    taken(buckets, "a", 0.0, 3)
    taken(buckets, "b", 0.0, 7)
    assert buckets.nearest(1.0) == ("b", 6.0)
    assert buckets.nearest(100.0) is None
