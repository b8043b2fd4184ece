"""The fair queue: in order, bounded, and paid for by whoever fills it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mediad.telemetry.fair_queue import FairQueue


def put(queue: FairQueue, room: str, *numbers: int) -> int:
    return sum(queue.put(b"%s %d" % (room.encode(), number), room) for number in numbers)


def test_a_noisy_room_loses_its_own_events_and_no_others() -> None:
    queue = FairQueue(1000)
    put(queue, "", *range(20))
    for room in range(50):
        put(queue, f"quiet {room}", 1, 2)
    dropped = put(queue, "noisy", *range(100_000))
    assert (len(queue), dropped) == (1000, 100_000 + 120 - 1000)
    left = queue.all()
    assert sum(event.startswith(b"quiet") for event in left) == 100
    assert sum(event.startswith(b" ") for event in left) == 20
    assert left[-1] == b"noisy 99999"


def test_many_rooms_in_one_share() -> None:
    queue = FairQueue(100)
    put(queue, "first", *range(60))
    put(queue, "second", *range(200))
    events = queue.all()
    kept = {room: sum(event.startswith(room) for event in events) for room in (b"first", b"second")}
    assert min(kept.values()) >= 25
    assert sum(kept.values()) == 100


def test_what_is_on_its_way_may_be_dropped_meanwhile() -> None:
    queue = FairQueue(3)
    put(queue, "a", 1, 2, 3)
    events, mark = queue.peek(2)
    assert events == [b"a 1", b"a 2"]
    put(queue, "a", 4)
    assert queue.taken(mark) == 1
    assert queue.taken(mark) == 0
    assert queue.all() == [b"a 3", b"a 4"]


def test_an_empty_queue_has_a_mark_too() -> None:
    queue = FairQueue(3)
    assert queue.taken(queue.peek(9)[1]) == 0
    put(queue, "a", 1)
    assert len(queue) == 1


@given(st.lists(st.tuples(st.sampled_from(["", "a", "b", "c"]), st.booleans()), max_size=200))
def test_order_is_kept_and_nothing_is_left_behind(steps: list[tuple[str, bool]]) -> None:
    queue, taken = FairQueue(10), 0
    for number, (room, takes) in enumerate(steps):
        queue.put(b"%d" % number, room)
        if takes:
            taken += queue.taken(queue.peek(3)[1])
        numbers = [int(event) for event in queue.all()]
        assert numbers == sorted(numbers)
        assert len(queue) == len(numbers) <= 10
    queue.taken(queue.peek(100)[1])
    assert (len(queue), queue._rooms, queue._room_of) == (0, {}, {})
