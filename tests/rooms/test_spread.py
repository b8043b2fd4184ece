"""The branch of a newcomer, by table: where the peers are, what the workers carry, and what was before."""

from __future__ import annotations

import dataclasses

import pytest

from mediad.errors import InvalidInput
from mediad.rooms.spread import (
    AUTO,
    OFF,
    Spread,
    SpreadRules,
    WorkerLoad,
    choose,
    read_spread,
    show_spread,
)

RULES = SpreadRules(cpu=0.7, consumers=400)
NOTHING: frozenset[int] = frozenset()


def loads(*cpu: float, consumers: tuple[int, ...] = (), without: tuple[int, ...] = ()) -> list[WorkerLoad]:
    """Workers 0, 1 … with this CPU; the placement names the idlest first."""
    carried = (*consumers, *([0] * (len(cpu) - len(consumers))))
    workers = [WorkerLoad(i, cpu[i], carried[i], takes=i not in without) for i in range(len(cpu))]
    return sorted(workers, key=lambda worker: worker.cpu)


@pytest.mark.parametrize(
    ("spread", "peers", "workers", "expected"),
    [
        # off: where the room is, whatever happens there
        (OFF, {0: 5}, loads(2.0, 0.0), 0),
        (OFF, {0: 5}, loads(0.0, 0.0, without=(0,)), 0),
        (OFF, {1: 5, 0: 1}, loads(0.0, 0.0), 1),
        (OFF, {1: 5, 0: 1}, loads(0.0, 0.0, without=(1,)), 0),
        # evenly, from the first newcomer on
        (2, {0: 0}, loads(0.0, 0.0), 0),
        (2, {0: 1}, loads(0.0, 0.0), 1),
        (2, {0: 1, 1: 1}, loads(0.0, 0.0, 0.0), 0),
        (2, {0: 2, 1: 1}, loads(0.0, 0.0, 0.0), 1),
        (3, {0: 2, 1: 1}, loads(0.0, 0.0, 0.0), 2),
        (3, {0: 2, 1: 0}, loads(0.0, 0.0, 0.0), 1),
        (9, {0: 2, 1: 1}, loads(0.0, 0.0), 1),
        # the next branch is where the placement says
        (2, {0: 1}, loads(0.0, 0.5, 0.2), 2),
        # a worker that takes none gets none, and does not count
        (2, {0: 1}, loads(0.0, 0.1, 0.2, without=(1,)), 2),
        (2, {0: 1}, loads(0.0, 0.1, without=(1,)), 0),
        (2, {0: 1, 1: 5}, loads(0.0, 0.1, 0.2, without=(0,)), 2),
        (2, {0: 1, 1: 5}, loads(0.0, 0.1, without=(0,)), 1),
        (2, {0: 1}, loads(0.0, 0.1, without=(0, 1)), 0),
        # more branches than it may have now: the first ones are used
        (2, {0: 5, 1: 5, 2: 0}, loads(0.0, 0.0, 0.0), 0),
        # as needed: until home is loaded, then elsewhere
        (AUTO, {0: 50}, loads(0.69, 0.0), 0),
        (AUTO, {0: 50}, loads(0.70, 0.0), 1),
        (AUTO, {0: 50}, loads(0.1, 0.0, consumers=(399,)), 0),
        (AUTO, {0: 50}, loads(0.1, 0.0, consumers=(400,)), 1),
        # a branch that exists is filled before a new one
        (AUTO, {0: 50, 1: 9}, loads(0.9, 0.5, 0.0), 1),
        (AUTO, {0: 50, 1: 9}, loads(0.9, 0.8, 0.0), 2),
        # a worker near its own threshold is no help: the least loaded branch, the first of those alike
        (AUTO, {0: 50}, loads(0.9, 0.6), 0),
        (AUTO, {0: 50, 1: 9}, loads(0.95, 0.75, 0.6), 1),
        (AUTO, {0: 50, 1: 9}, loads(0.80, 0.75, 0.6), 0),
        (AUTO, {0: 50}, loads(0.9, 0.0, without=(1,)), 0),
        # away from a worker that takes none, loaded or not
        (AUTO, {0: 50}, loads(0.1, 0.0, without=(0,)), 1),
        (AUTO, {0: 50}, loads(0.1, 0.9, without=(0,)), 1),
        (AUTO, {0: 50, 1: 3}, loads(0.1, 0.9, 0.0, without=(0,)), 2),
    ],
)
def test_the_branch_of_a_newcomer(
    spread: Spread, peers: dict[int, int], workers: list[WorkerLoad], expected: int
) -> None:
    assert choose(spread, peers, workers, RULES).worker_id == expected


def test_a_load_that_moves_about_its_threshold_changes_nothing() -> None:
    loaded, chosen = NOTHING, []
    for cpu in (0.6, 0.71, 0.69, 0.71, 0.55, 0.68, 0.48, 0.69, 0.6):
        choice = choose(AUTO, {0: 9, 1: 9}, loads(cpu, 0.2), RULES, loaded)
        loaded = choice.loaded
        chosen.append(choice.worker_id)
    assert chosen == [0, 1, 1, 1, 1, 1, 0, 0, 0]


def test_similar_loads_do_not_alternate() -> None:
    loaded, chosen = NOTHING, []
    for first, second in ((0.9, 0.88), (0.88, 0.9), (0.9, 0.85), (0.9, 0.9)):
        choice = choose(AUTO, {0: 9, 1: 9}, loads(first, second), RULES, loaded)
        loaded = choice.loaded
        chosen.append(choice.worker_id)
    assert chosen == [0, 0, 0, 0]


def test_many_newcomers_fill_one_worker_after_the_other() -> None:
    peers, workers, loaded = {0: 0}, loads(0.0, 0.0, 0.0), NOTHING
    for _ in range(60):
        choice = choose(AUTO, peers, workers, RULES, loaded)
        loaded = choice.loaded
        peers[choice.worker_id] = peers.get(choice.worker_id, 0) + 1
        workers = [
            dataclasses.replace(worker, consumers=20 * peers.get(worker.worker_id, 0)) for worker in workers
        ]
    assert peers == {0: 20, 1: 20, 2: 20}


@pytest.mark.parametrize("text", ["off", "auto", "2", "64"])
def test_a_spread_is_written_as_it_is_read(text: str) -> None:
    assert show_spread(read_spread(text)) == text


@pytest.mark.parametrize("text", ["", "0", "65", "-1", "2.5", "many", "\u0662", "9" * 30])
def test_what_is_no_spread_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="expected off, auto or a number of workers from 1 to 64"):
        read_spread(text)


def test_one_worker_is_off() -> None:
    assert (read_spread("1"), show_spread(read_spread(" OFF "))) == (OFF, "off")
