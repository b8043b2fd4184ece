"""Spread: the branch that a newcomer to a room is put on, as a pure function of what is known.

A room spread over N workers has up to N branches, and its newcomers go where the fewest peers are. One that
is spread as needed ("auto") fills a branch until its worker passes a threshold, then the next branch, and
opens a new one when all are past it. A worker counts as loaded from the threshold on and until it is down to
CALM of it: without this the branch would change with each sample of a load near the threshold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from mediad.errors import InvalidInput

AUTO: Literal["auto"] = "auto"

Spread = int | Literal["auto"]
"""The number of workers that a room may be on, or "auto" for as many as it needs."""

OFF = 1
"""The spread of a room that stays on one worker."""

MOST = 64
"""The most branches of a room: each has a pipe to each other one."""

CALM = 0.7
"""The part of a threshold at which a loaded worker counts as loaded no more."""

SIMILAR = 0.1
"""Loads no further apart than this part of the threshold count as equal: they are noisy samples."""


@dataclass(frozen=True, slots=True)
class SpreadRules:
    """The spread of rooms that were opened without one of their own, and the thresholds of "auto"."""

    spread: Spread = OFF
    cpu: float = 0.7
    """Cores in use by a worker, from which newcomers go to another; 1.0 is one whole core."""
    consumers: int = 600
    """Consumers on a worker, likewise: they come seconds before their packets cost CPU.

    At 5.3 µs a packet (`scripts/bench broadcast`) 660 of them at 1.8 Mbit/s each need 0.7 of a core.
    """


@dataclass(frozen=True, slots=True)
class WorkerLoad:
    """One worker as a place for a branch."""

    worker_id: int
    cpu: float
    """Cores in use, 1.0 is one whole core."""
    consumers: int
    """Consumers on it, those of other rooms too."""
    takes: bool = True
    """True when it takes a branch of this room: it is alive, not draining, and not full."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The worker that a newcomer is put on, and those that count as loaded from now on."""

    worker_id: int
    loaded: frozenset[int]


def read_spread(text: str) -> Spread:
    """Return the spread that people write as "off", "auto" or a number. Raises InvalidInput."""
    word = text.strip().lower()
    if word == AUTO:
        return AUTO
    if word == "off":
        return OFF
    if word.isascii() and word.isdigit() and OFF <= int(word[:9]) <= MOST:
        return int(word)
    raise InvalidInput(f'expected off, auto or a number of workers from 1 to {MOST}, got "{text[:50]}"')


def show_spread(spread: Spread) -> str:
    """Return a spread as people write it."""
    return "off" if spread == OFF else str(spread)


def choose(
    spread: Spread,
    peers: Mapping[int, int],
    workers: Sequence[WorkerLoad],
    rules: SpreadRules,
    loaded: frozenset[int] = frozenset(),
) -> Choice:
    """Choose the worker of a newcomer: one that has a branch already, or one that shall get one.

    `peers` has the number of peers on each branch by its worker, home first, then in the order of their
    opening. `workers` are all of the node, the best for another branch first. `loaded` are the workers that
    counted as loaded at the last choice for this room.
    """
    by_id = {worker.worker_id: worker for worker in workers}
    now_loaded = frozenset(
        worker.worker_id
        for worker in workers
        if _load(worker, rules) >= (CALM if worker.worker_id in loaded else 1)
    )
    here = [worker_id for worker_id in peers if worker_id in by_id and by_id[worker_id].takes]
    further = [worker for worker in workers if worker.takes and worker.worker_id not in peers]
    chosen: int | None
    if spread == OFF:  # as before there were branches: a room takes newcomers where it is, draining or not
        chosen = next(iter(here or peers))
    elif spread == AUTO:
        chosen = _as_needed(here, further, by_id, rules, now_loaded)
    else:
        chosen = _evenly(spread, here, further, peers)
    return Choice(next(iter(peers)) if chosen is None else chosen, now_loaded)


def _as_needed(
    here: list[int],
    further: list[WorkerLoad],
    by_id: Mapping[int, WorkerLoad],
    rules: SpreadRules,
    loaded: frozenset[int],
) -> int | None:
    """Return the first branch that is not loaded, else a calm worker without one, else the least loaded."""
    for worker_id in here:
        if worker_id not in loaded:
            return worker_id
    if len(here) < MOST:
        for worker in further:
            if _load(worker, rules) < CALM:
                return worker.worker_id
    if not here:
        return further[0].worker_id if further else None
    least = min(_load(by_id[worker_id], rules) for worker_id in here)
    return next(worker_id for worker_id in here if _load(by_id[worker_id], rules) <= least + SIMILAR)


def _evenly(spread: int, here: list[int], further: list[WorkerLoad], peers: Mapping[int, int]) -> int | None:
    """Return the branch with the fewest peers, or another worker while all of too few have some."""
    among = here[:spread]
    fewest = min((peers[worker_id] for worker_id in among), default=1)
    if fewest and len(among) < spread and further:
        return further[0].worker_id
    return next((worker_id for worker_id in among if peers[worker_id] == fewest), None)


def _load(worker: WorkerLoad, rules: SpreadRules) -> float:
    """Return the load of a worker; 1 is the threshold."""
    return max(worker.cpu / rules.cpu, worker.consumers / rules.consumers)
