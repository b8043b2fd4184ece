"""Placement against its definition."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediad.supervisor.workers.placement import FULL, NEARLY_FULL, SIMILAR_CPU, Candidate, choose, in_order

candidates = st.lists(
    st.builds(
        Candidate,
        worker_id=st.integers(0, 255),
        rooms=st.integers(0, 3),
        cpu=st.floats(0, 2),
        last_used=st.integers(0, 5),
        used=st.sampled_from([0.0, 0.5, NEARLY_FULL - 0.01, NEARLY_FULL, 0.9, FULL, 1.0]),
    ),
    max_size=8,
    unique_by=lambda candidate: candidate.worker_id,
)


def beats(one: Candidate, other: Candidate, idlest: float) -> bool:
    """The definition, pairwise: fewer rooms, else the only one as idle as the idlest, else older use."""
    if one.rooms != other.rooms:
        return one.rooms < other.rooms
    one_similar, other_similar = (c.cpu - idlest <= SIMILAR_CPU for c in (one, other))
    if one_similar != other_similar:
        return one_similar
    return one_similar and one.last_used < other.last_used


@given(candidates)
def test_nobody_beats_the_chosen(workers: list[Candidate]) -> None:
    chosen = choose(workers)
    workers = [worker for worker in workers if worker.used < FULL]
    workers = [worker for worker in workers if worker.used < NEARLY_FULL] or workers
    if not workers:
        assert chosen is None
        return
    assert chosen in workers
    fewest = min(worker.rooms for worker in workers)
    idlest = min(worker.cpu for worker in workers if worker.rooms == fewest)
    assert not any(beats(worker, chosen, idlest) for worker in workers if worker is not chosen)


@given(candidates, st.randoms(use_true_random=False))
def test_order_does_not_matter(workers: list[Candidate], shuffle: random.Random) -> None:
    shuffled = workers[:]
    shuffle.shuffle(shuffled)
    assert choose(shuffled) == choose(workers)


@given(st.integers(1, 8), st.integers(1, 60))
def test_idle_workers_fill_evenly(workers: int, rooms: int) -> None:
    count, used = [0] * workers, [0] * workers
    for turn in range(1, rooms + 1):
        chosen = choose(Candidate(i, count[i], 0.0, used[i]) for i in range(workers))
        assert chosen is not None
        count[chosen.worker_id] += 1
        used[chosen.worker_id] = turn
    assert max(count) - min(count) <= 1


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        # (rooms, cpu, last_used) a worker → the one to take
        ([(2, 0.0, 0), (1, 0.9, 9)], 1),
        ([(1, 0.5, 0), (1, 0.2, 9)], 1),
        ([(1, 0.25, 9), (1, 0.20, 10)], 0),
        ([(1, 0.0, 3), (1, 0.05, 2), (1, 0.09, 1), (1, 0.2, 0)], 2),
        ([(0, 0.0, 0), (0, 0.0, 0)], 0),
        # … and how full it is
        ([(0, 0.0, 0, 0.8), (9, 0.9, 9, 0.79)], 1),
        ([(0, 0.0, 0, 0.98), (9, 0.9, 9, 0.97)], 1),
    ],
)
def test_by_table(rows: list[tuple[Any, ...]], expected: int) -> None:
    chosen = choose(Candidate(i, *row) for i, row in enumerate(rows))
    assert chosen is not None
    assert chosen.worker_id == expected


def test_a_full_worker_takes_no_room() -> None:
    assert choose([Candidate(0, 0, 0.0, 0, FULL), Candidate(1, 0, 0.0, 0, 1.0)]) is None


@pytest.mark.parametrize(
    ("workers", "expected"),
    [
        ([Candidate(0, 1, 0.5, 1), Candidate(1, 9, 0.0, 2)], [1, 0]),  # CPU before rooms
        ([Candidate(0, 1, 0.05, 1), Candidate(1, 0, 0.09, 2)], [1, 0]),  # similar CPU: rooms
        ([Candidate(0, 1, 0.0, 3), Candidate(1, 1, 0.0, 2)], [1, 0]),  # then the least recently used
        ([Candidate(0, 0, 0.0, 0, used=0.9), Candidate(1, 5, 0.9, 5)], [1, 0]),  # nearly full comes last
        ([Candidate(1, 0, 0.0, 0), Candidate(0, 0, 0.0, 0)], [0, 1]),
        ([], []),
    ],
)
def test_workers_for_a_further_branch_come_in_order(workers: list[Candidate], expected: list[int]) -> None:
    assert [candidate.worker_id for candidate in in_order(workers)] == expected
