"""Packets kept for retransmission; every reference on a slot is given back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.windows.sending import Sent
from tests.windows.stores import Store

SECOND = 1_000_000
BASE = 2**32


def test_what_was_put_is_found_and_nothing_else() -> None:
    store = Store(8, SECOND)
    assert store.get(BASE) is None
    assert store.put(BASE, 11, 1)
    assert store.get(BASE) == 11
    assert store.get(BASE + 8) is None
    assert store.get(-1) is None
    assert store.slots_in_use == 1


def test_a_ring_keeps_its_length_and_lets_the_rest_go() -> None:
    store = Store(8, SECOND)
    for n in range(30):
        assert store.put(BASE + n, n, 1)
    assert [store.get(BASE + n) for n in range(30)] == [None] * 22 + list(range(22, 30))
    assert store.slots_in_use == 8


def test_too_late_for_the_ring() -> None:
    store = Store(8, SECOND)
    store.put(BASE + 20, 1, 1)
    assert not store.put(BASE + 12, 2, 1)
    assert store.put(BASE + 13, 3, 1)
    assert store.slots_in_use == 2


def test_the_same_number_again_replaces_the_first() -> None:
    store = Store(8, SECOND)
    store.put(BASE, 1, 1)
    store.put(BASE, 2, 1)
    assert store.get(BASE) == 2
    assert store.slots_in_use == 1


def test_age_releases_at_most_four_a_call() -> None:
    store = Store(64, SECOND)
    for n in range(20):
        store.put(BASE + n, n, 5)
    store.put(BASE + 20, 20, 5 + SECOND)
    assert [store.get(BASE + n) is None for n in range(6)] == [True] * 4 + [False] * 2
    for n in range(21, 27):
        store.put(BASE + n, n, 6 + SECOND)
    assert store.slots_in_use == 7
    store.put(BASE + 27, 27, 6 + 2 * SECOND)
    assert store.get(BASE + 27) == 27


def test_the_newest_is_kept_however_old() -> None:
    store = Store(8, SECOND)
    store.put(BASE, 1, 1)
    store.put(BASE, 2, 100 * SECOND)
    assert store.get(BASE) == 2


def test_a_long_gap_is_passed_over_by_and_by() -> None:
    store = Store(256, SECOND)
    store.put(BASE, 0, 1)
    for n in range(100):
        store.put(BASE + 200 + n, n, 2 * SECOND)
    assert store.get(BASE) is None
    assert store.slots_in_use == 100


def test_a_late_packet_ages_like_the_others() -> None:
    store = Store(64, SECOND)
    store.put(BASE + 10, 10, 1)
    store.put(BASE + 5, 5, 2)
    for n in range(11, 14):
        store.put(BASE + n, n, 2 * SECOND)
    assert store.get(BASE + 5) is None
    assert store.slots_in_use == 3


def test_packets_age_behind_a_jump_over_the_ring() -> None:
    store = Store(16, SECOND)
    store.put(BASE, 0, 1)
    for n in range(8):
        store.put(BASE + 131072 + n, n, 2)
    for n in range(8, 12):
        store.put(BASE + 131072 + n, n, 2 * SECOND)
    assert [store.get(BASE + 131072 + n) is None for n in range(12)] == [True] * 8 + [False] * 4


def test_a_jump_over_the_whole_ring_leaks_nothing() -> None:
    store = Store(16, SECOND)
    for n in range(16):
        store.put(BASE + n, n, 1)
    for n in range(16):
        store.put(BASE + 131072 + n, n, 2)
    assert store.slots_in_use == 16
    store.clear()
    assert store.slots_in_use == 0
    assert store.get(BASE + 131072) is None
    assert store.put(BASE + 5, 5, 3)  # an older number than before: the store has no past


@pytest.mark.parametrize(("wanted", "capacity"), [(1, 1), (2, 2), (3, 4), (600, 1024), (1024, 1024)])
def test_capacities_are_powers_of_two(wanted: int, capacity: int) -> None:
    assert Store(wanted, SECOND).capacity == capacity
    assert Sent(wanted).capacity == capacity


@given(
    steps=st.lists(st.tuples(st.integers(-40, 60), st.integers(0, 400_000)), max_size=150),
    clear_at=st.integers(0, 200),
)
def test_against_a_dictionary(steps: list[tuple[int, int]], clear_at: int) -> None:
    """Whatever the order: nothing wrong is found, what is young and near is, and no slot is lost."""
    store = Store(32, SECOND)
    model: dict[int, tuple[int, int]] = {}  # sequence → (tag, when)
    newest, now_us = BASE, 1
    for tag, (step, pause_us) in enumerate(steps):
        now_us += pause_us
        if tag == clear_at:
            store.clear()
            model.clear()
        sequence = newest + step
        newest = max(newest, sequence) if model else sequence
        kept = store.put(sequence, tag, now_us)
        assert kept == (sequence > newest - 32)
        if kept:
            model[sequence] = (tag, now_us)
        found = 0
        for known, (known_tag, when_us) in model.items():
            got = store.get(known)
            assert got in (known_tag, None)
            if known > newest - 32 and now_us < when_us + SECOND:
                assert got == known_tag
            found += got is not None
        # A cell that was passed over is released when it is used again, and may hold its slot until then.
        assert found <= store.slots_in_use <= 32
    store.destroy()
    assert store.slots_in_use == 0


def test_sent_packets_answer_for_their_own_number_only() -> None:
    sent = Sent(8)
    assert sent.get(0) is None
    for n in range(20):
        sent.put((65530 + n) & 0xFFFF, n)
    assert sent.get((65530 + 19) & 0xFFFF) == 19
    assert sent.get((65530 + 12) & 0xFFFF) == 12
    assert sent.get((65530 + 11) & 0xFFFF) is None
    sent.clear()
    assert sent.get((65530 + 19) & 0xFFFF) is None


def test_sent_history_is_never_longer_than_the_numbers_are() -> None:
    assert Sent(100_000).capacity == 65536
