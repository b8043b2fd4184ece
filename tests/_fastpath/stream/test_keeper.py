"""The order in which stored packets are dropped: by time, owner's share, and state of the pool."""

from __future__ import annotations

import random

from tests.windows.stores import Stores

SECOND = 1_000_000
VIDEO, AUDIO = 0, 1
BASE = 2**32


def test_what_stopped_gives_its_slots_back_without_a_packet_of_its_own() -> None:
    stores = Stores(64, [(VIDEO, 0), (AUDIO, 1)], reserve=1)
    for number in range(10):
        stores.put(0, BASE + number, SECOND)
        stores.put(1, BASE + number, SECOND)
    assert stores.expire(SECOND + 500_000) > SECOND + 500_000
    assert stores.free == 44
    assert 2 * SECOND < stores.expire(2 * SECOND) <= 3 * SECOND  # audio is kept for one second, video for two
    assert (stores.kept(0), stores.kept(1)) == (10, 0)
    assert stores.expire(3 * SECOND) == 0
    assert (stores.free, stores.let_go_early) == (64, (0, 0))


def test_much_that_is_due_goes_in_steps() -> None:
    stores = Stores(1024, [(VIDEO, 0)], reserve=1)
    for number in range(600):
        stores.put(0, BASE + number, SECOND)
    assert stores.expire(3 * SECOND) == 3 * SECOND + 1000
    assert stores.kept(0) == 600 - 256
    for _ in range(2):
        next_us = stores.expire(3 * SECOND + 1000)
    assert (next_us, stores.kept(0)) == (0, 0)


def test_one_stream_makes_the_slots_of_another_free() -> None:
    """Old packets go as new ones come, whoever's they are."""
    stores = Stores(64, [(VIDEO, 0), (VIDEO, 1)], reserve=1)
    for number in range(8):
        stores.put(0, BASE + number, 1)
    for number in range(2):
        stores.put(1, BASE + number, 2 * SECOND + 1)
    assert (stores.kept(0), stores.kept(1)) == (0, 2)


def test_the_oldest_of_a_full_pool_goes_first_whoever_owns_it() -> None:
    stores = Stores(32, [(VIDEO, 0), (VIDEO, 1)], share=32, reserve=4)
    for number in range(14):
        assert stores.put(number % 2, BASE + number, 1 + number)
    for number in range(14, 30):
        assert stores.put(0, BASE + number, 1 + number)
    assert (stores.free, stores.let_go_early) == (4, (2, 0))
    assert [stores.has(number % 2, BASE + number) for number in range(4)] == [False, False, True, True]


def test_audio_outlives_video_when_the_pool_is_low() -> None:
    stores = Stores(32, [(AUDIO, 0), (VIDEO, 1)], share=32, reserve=4)
    for number in range(5):
        stores.put(0, BASE + number, 1)
    for number in range(100):
        assert stores.put(1, BASE + number, 2)
    assert (stores.kept(0), stores.kept(1)) == (5, 23)
    for number in range(100):
        assert stores.put(0, BASE + 5 + number, 3)
    assert (stores.kept(0), stores.kept(1), stores.free) == (28, 0, 4)


def test_a_share_is_paid_by_its_owners_oldest() -> None:
    stores = Stores(256, [(VIDEO, 0), (AUDIO, 0), (VIDEO, 1)], share=20, reserve=1)
    stores.put(2, BASE, 1)
    for number in range(15):
        stores.put(0, BASE + number, 2)
    for number in range(15):
        stores.put(1, BASE + number, 3)
    assert (stores.kept(0), stores.kept(1)) == (20, 1)
    assert [stores.has(0, BASE + number) for number in range(15)] == [False] * 10 + [True] * 5
    assert all(stores.has(1, BASE + number) for number in range(15))
    assert stores.let_go_early == (0, 10)


def test_the_newest_is_never_let_go() -> None:
    stores = Stores(4, [(VIDEO, 0)], share=1, reserve=4)
    for number in range(10):
        assert stores.put(0, BASE + number, 1 + number)
        assert stores.has(0, BASE + number)


def test_nothing_is_lost_or_kept_twice_whatever_happens() -> None:
    chance = random.Random(3)
    stores = Stores(128, [(chance.randrange(2), owner % 3) for owner in range(8)], share=40, reserve=8)
    now_us, numbers = 1, [BASE] * 8
    for _ in range(20_000):
        now_us += chance.choice((0, 10, 5000, 200_000))
        store = chance.randrange(8)
        numbers[store] += chance.choice((1, 1, 1, 5, -3, 3000))
        assert stores.put(store, numbers[store], now_us)
        if chance.random() < 0.01:
            stores.expire(now_us)
        if chance.random() < 0.005:
            stores.clear(store)
        kept = [stores.kept(owner) for owner in range(3)]
        assert max(kept) <= 40
        assert stores.free == 128 - sum(kept) >= 8
    for store in range(8):
        stores.clear(store)
    assert stores.free == 128
