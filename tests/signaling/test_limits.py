from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mediad.signaling.limits import SendQueue, ViolationBudget

S = 1_000_000


def test_violations_in_a_burst_are_counted() -> None:
    budget = ViolationBudget(3, forgiven_per_s=1.0)
    assert [budget.charge(0) for _ in range(4)] == [True, True, True, False]


def test_old_violations_are_forgiven() -> None:
    budget = ViolationBudget(3, forgiven_per_s=0.5)
    for _ in range(3):
        budget.charge(0)
    assert not budget.charge(1 * S)
    assert budget.charge(6 * S)
    patient = ViolationBudget(1, forgiven_per_s=1.0)
    assert all(patient.charge(second * S) for second in range(1000))


def test_the_queue_keeps_order() -> None:
    queue = SendQueue(limit_bytes=100, droppable_bytes=50)
    for text in ("a", "b", "c"):
        assert queue.put(text)
    assert [queue.pop() for _ in range(4)] == ["a", "b", "c", None]


def test_droppable_messages_go_first_and_are_counted() -> None:
    queue = SendQueue(limit_bytes=10, droppable_bytes=4)
    assert queue.put("1234", droppable=True)
    assert queue.put("5", droppable=True)
    assert queue.dropped == 1
    assert queue.put("567890")
    assert not queue.put("!")
    assert [queue.pop(), queue.pop(), queue.pop()] == ["1234", "567890", None]


def test_a_drained_queue_takes_messages_again() -> None:
    queue = SendQueue(limit_bytes=4, droppable_bytes=4)
    assert queue.put("1234")
    queue.pop()
    assert queue.put("1234")
    queue.clear()
    assert queue.size_bytes == 0
    assert queue.pop() is None


@given(st.lists(st.none() | st.tuples(st.text(max_size=9), st.booleans()), max_size=50))
def test_the_queue_is_bounded_and_loses_nothing_it_took_for_good(
    steps: list[tuple[str, bool] | None],
) -> None:
    queue = SendQueue(limit_bytes=20, droppable_bytes=10)
    kept: list[str] = []
    for step in steps:
        if step is None:
            assert queue.pop() == (kept.pop(0) if kept else None)
            continue
        text, droppable = step
        dropped = queue.dropped
        if queue.put(text, droppable=droppable) and queue.dropped == dropped:
            kept.append(text)
        else:
            assert queue.size_bytes + len(text) > (10 if droppable else 20)
        assert queue.size_bytes == sum(map(len, kept)) <= 20
