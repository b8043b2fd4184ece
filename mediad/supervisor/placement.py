"""Which worker takes a new room: a pure function of what is known about each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

SIMILAR_CPU = 0.1
"""CPU figures no further apart than this (1.0 is one core) count as equal: they are noisy samples."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One worker that could take a room."""

    worker_id: int
    rooms: int
    cpu: float
    """Cores in use, 1.0 is one whole core."""
    last_used: int
    """Rises with each room placed anywhere; 0 for a worker that never took one."""


def choose(candidates: Iterable[Candidate]) -> Candidate | None:
    """Fewest rooms, then lower CPU (within SIMILAR_CPU all the same), then least recently used.

    None without candidates. The tolerance is measured from the least busy of the workers with fewest rooms,
    so their order does not matter.
    """
    rest = list(candidates)
    if not rest:
        return None
    fewest = min(candidate.rooms for candidate in rest)
    rest = [candidate for candidate in rest if candidate.rooms == fewest]
    idlest = min(candidate.cpu for candidate in rest)
    rest = [candidate for candidate in rest if candidate.cpu - idlest <= SIMILAR_CPU]
    return min(rest, key=lambda candidate: (candidate.last_used, candidate.worker_id))
