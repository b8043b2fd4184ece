"""The number map against a model that knows the whole future."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.support.arrivals import disordered
from tests.windows.rewriting import Numbers

MEMORY = 64


class Model:
    """Every drop that closes a gap closes it for good, so a place can be computed when all is over."""

    def __init__(self, start: int, first_output: int) -> None:
        self.start = start
        self.offset = first_output - start
        self.highest = start - 1
        self.closed: set[int] = set()
        self.mapped: list[int] = []

    def drop(self, value: int) -> None:
        if value > self.highest and value >= self.start:
            self.closed.add(value)

    def map_to(self, value: int) -> bool:
        if value < self.start or value in self.closed:
            return False
        self.mapped.append(value)
        self.highest = max(self.highest, value)
        return True

    def place(self, value: int) -> int:
        return value + self.offset - sum(1 for dropped in self.closed if dropped < value)


def intervals(values: set[int]) -> int:
    return sum(1 for value in values if value - 1 not in values)


@given(
    arrivals=st.integers(0, 200).flatmap(lambda count: disordered(count, displacement=30, losses=True)),
    dropped=st.sets(st.integers(0, 200)),
    start=st.sampled_from([0, 5, 2**32 + 65500]),
)
def test_every_number_gets_the_place_it_has_in_the_end(
    arrivals: list[int], dropped: set[int], start: int
) -> None:
    numbers, model = Numbers(start, 1000), Model(start, 1000)
    outputs = {}
    for index in arrivals:
        value = start - 5 + index
        if index in dropped:
            numbers.drop(value)
            model.drop(value)
            continue
        output = numbers.map_to(value)
        if intervals(model.closed) <= MEMORY:
            assert (output is not None) == model.map_to(value)
        elif output is not None:
            assert model.map_to(value)
        if output is not None:
            outputs[value] = output
    assert outputs == {value: model.place(value) for value in outputs}
    assert len(set(outputs.values())) == len(outputs)


def test_drops_in_order_leave_no_gap() -> None:
    numbers = Numbers(10, 100)
    outputs = []
    for value in range(10, 10_000):
        if value % 3 == 0:
            numbers.drop(value)
        else:
            outputs.append(numbers.map_to(value))
    assert outputs == list(range(100, 100 + len(outputs)))
    assert numbers.intervals == MEMORY


def test_what_is_no_longer_remembered_has_no_place_and_the_rest_keeps_it() -> None:
    numbers = Numbers(0, 0)
    numbers.map_to(0)
    for value in range(2, 2 + 2 * (MEMORY + 1), 2):  # drops 2, 4, 6, … and passes 5, 7, 9, …; 3 is on its way
        numbers.drop(value)
        if value > 2:
            numbers.map_to(value + 1)
    assert numbers.map_to(1) is None
    assert numbers.map_to(2) is None
    assert numbers.map_to(3) == 2
    assert numbers.map_to(4) is None
    assert numbers.map_to(5) == 3


def test_a_drop_below_a_number_handed_out_leaves_a_hole() -> None:
    numbers = Numbers(0, 0)
    assert [numbers.map_to(0), numbers.map_to(2)] == [0, 2]
    numbers.drop(1)
    assert numbers.map_to(3) == 3


def test_drops_out_of_order_grow_together() -> None:
    numbers = Numbers(0, 0)
    for value in (5, 3, 7, 4, 6, 4, 1, 9):
        numbers.drop(value)
    assert numbers.intervals == 3
    assert [numbers.map_to(value) for value in (10, 8, 2, 0, 3, 9)] == [3, 2, 1, 0, None, None]


def test_a_drop_older_than_a_full_memory_keeps_newer_places_right() -> None:
    numbers = Numbers(0, 0)
    for value in range(10, 10 + 2 * MEMORY, 2):
        numbers.drop(value)
    numbers.drop(5)
    assert numbers.map_to(6) == 5
    assert numbers.map_to(4) is None  # the memory of 5 was given up, and with it what lies below
    assert numbers.map_to(11) == 9
    assert numbers.map_to(1000) == 1000 - MEMORY - 1
