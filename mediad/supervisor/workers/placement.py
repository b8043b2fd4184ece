"""The choice of workers for a room: pure functions of what is known about each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

SIMILAR_CPU = 0.1
"""CPU figures no further apart than this (1.0 is one core) count as equal: they are noisy samples."""

NEARLY_FULL, FULL = 0.8, 0.98
"""Shares of a table in use: above NEARLY_FULL a worker is chosen last, above FULL never. The rest is for the
rooms it has: of 8192 transports, it is those of eighty newcomers."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One worker that could take a room."""

    worker_id: int
    rooms: int
    cpu: float
    """Cores in use, 1.0 is one whole core."""
    last_used: int
    """A number that rises with each room placed anywhere; 0 for a worker that never took one."""
    used: float = 0.0
    """The part of its fullest table that is in use: 0..1."""


def choose(candidates: Iterable[Candidate]) -> Candidate | None:
    """Choose a worker: not nearly full, then fewest rooms, then lower CPU, then least recently used.

    None when all are full. CPU within SIMILAR_CPU counts as equal, measured from the least busy of the
    workers with fewest rooms, so their order does not matter.
    """
    rest = [candidate for candidate in candidates if candidate.used < FULL]
    rest = [candidate for candidate in rest if candidate.used < NEARLY_FULL] or rest
    if not rest:
        return None
    fewest = min(candidate.rooms for candidate in rest)
    rest = [candidate for candidate in rest if candidate.rooms == fewest]
    idlest = min(candidate.cpu for candidate in rest)
    rest = [candidate for candidate in rest if candidate.cpu - idlest <= SIMILAR_CPU]
    return min(rest, key=lambda candidate: (candidate.last_used, candidate.worker_id))


def in_order(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Return workers as places for a further branch of a room that has one: the best first.

    Those that are not nearly full come first, and among them those with lower CPU, which is why the room is
    spread; then fewest rooms, then least recently used. CPU is compared in steps of SIMILAR_CPU, so that no
    noise decides.
    """
    return sorted(
        candidates,
        key=lambda candidate: (
            candidate.used >= NEARLY_FULL,
            int(candidate.cpu / SIMILAR_CPU),
            candidate.rooms,
            candidate.last_used,
            candidate.worker_id,
        ),
    )
