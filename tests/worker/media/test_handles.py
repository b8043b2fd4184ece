from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediad.errors import Unavailable
from mediad.worker.media.handles import INDEX_BITS, Slots


def index(handle: int) -> int:
    return handle & ((1 << INDEX_BITS) - 1)


def test_indices_from_the_bottom_in_their_first_generation() -> None:
    slots = Slots(3, "things")
    assert [slots.take() for _ in range(3)] == [1 << INDEX_BITS | number for number in range(3)]


def test_full() -> None:
    slots = Slots(1, "things")
    handle = slots.take()
    with pytest.raises(Unavailable, match=r"^this worker is full: 1 things$"):
        slots.take()
    slots.give_back(handle)
    assert index(slots.take()) == 0


def test_the_lowest_free_index_goes_first_under_a_new_generation() -> None:
    slots = Slots(10, "things")
    handles = [slots.take() for _ in range(4)]
    for number in (2, 0):
        slots.give_back(handles[number])
    again = [slots.take() for _ in range(3)]
    assert [index(handle) for handle in again] == [0, 2, 4]
    assert not set(again) & set(handles)


def test_generations_wrap_around_zero() -> None:
    slots = Slots(1, "things")
    generations = []
    for _ in range(4097):
        handle = slots.take()
        generations.append(handle >> INDEX_BITS)
        slots.give_back(handle)
    assert generations == [*range(1, 4096), 1, 2]


@given(st.lists(st.booleans(), max_size=60))
def test_a_handle_has_one_owner(steps: list[bool]) -> None:
    slots = Slots(8, "things")
    owned: list[int] = []
    for take in steps:
        if take and len(owned) < 8:
            owned.append(slots.take())
        elif owned:
            slots.give_back(owned.pop(0))
        assert len({index(handle) for handle in owned}) == len(owned)
        assert all(index(handle) < 8 and handle >> INDEX_BITS for handle in owned)
