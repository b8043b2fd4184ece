"""The ring: a bounded queue for one side, and between two threads that really run at once."""

from __future__ import annotations

import threading
from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.windows.containers import RingWindow


@pytest.mark.parametrize("capacity", [0, 3, 6, 100])
def test_capacity_is_a_power_of_two(capacity: int) -> None:
    with pytest.raises(ValueError, match="power of two"):
        RingWindow(capacity)


def test_a_full_ring_takes_nothing_and_loses_nothing() -> None:
    ring = RingWindow(4)
    assert [ring.push(number) for number in range(6)] == [True] * 4 + [False] * 2
    assert ring.room() == 0
    assert [ring.pop() for _ in range(5)] == [0, 1, 2, 3, None]
    assert ring.room() == 4


def test_a_ring_of_one() -> None:
    ring = RingWindow(1)
    for number in range(5):
        assert ring.push(number)
        assert not ring.push(99)
        assert ring.pop() == number
        assert ring.pop() is None


@given(st.lists(st.booleans(), max_size=300))
def test_against_a_deque(steps: list[bool]) -> None:
    ring = RingWindow(8)
    model: deque[int] = deque()
    for number, pushes in enumerate(steps):
        if pushes:
            assert ring.push(number) == (len(model) < 8)
            if len(model) < 8:
                model.append(number)
        else:
            assert ring.pop() == (model.popleft() if model else None)
        assert ring.room() == 8 - len(model)


@pytest.mark.parametrize("capacity", [2, 256])
def test_between_two_threads(capacity: int) -> None:
    """Every record arrives whole and in its place; the small ring makes both sides wait for each other."""
    count = 100_000
    ring = RingWindow(capacity)
    whole: list[int] = []
    consumer = threading.Thread(target=lambda: whole.append(ring.pop_many(count)))
    producer = threading.Thread(target=ring.push_many, args=(count,))
    consumer.start()
    producer.start()
    producer.join()
    consumer.join()
    assert whole == [count]
    assert ring.pop() is None
