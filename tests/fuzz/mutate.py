"""Turns good input into nearly good input: the mutations that parsers of binary protocols trip over."""

from __future__ import annotations

import random
from collections.abc import Sequence

EDGES_8 = (0, 1, 0x7F, 0x80, 0xFE, 0xFF)
EDGES_16 = (0, 1, 0x7FFF, 0x8000, 0xFFFC, 0xFFFF)
EDGES_32 = (0, 1, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFC, 0xFFFF_FFFF)


def mutate(seeds: Sequence[bytes], chance: random.Random, limit: int) -> bytes:
    """One of the seeds with up to eight changes, at most `limit` bytes long."""
    data = bytearray(chance.choice(seeds))
    for _ in range(chance.randint(1, 8)):
        change = chance.choice(CHANGES)
        change(data, chance, seeds)
    return bytes(data[:limit])


def _flip_bit(data: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    if data:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def _set_edge(data: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    width, edges = chance.choice(((1, EDGES_8), (2, EDGES_16), (4, EDGES_32)))
    if len(data) >= width:
        at = chance.randrange(len(data) - width + 1)
        data[at : at + width] = chance.choice(edges).to_bytes(width, "big")


def _nudge(data: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    if data:
        at = chance.randrange(len(data))
        data[at] = (data[at] + chance.choice((-4, -1, 1, 4))) & 0xFF


def _cut_end(data: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    if data:
        del data[chance.randrange(len(data)) :]


def _cut_middle(data: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    if data:
        at = chance.randrange(len(data))
        del data[at : at + chance.randint(1, 16)]


def _insert(data: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    at = chance.randrange(len(data) + 1)
    data[at:at] = chance.randbytes(chance.choice((1, 2, 4, 8, 64, 1500)))


def _repeat(data: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    if data:
        at = chance.randrange(len(data))
        data[at:at] = data[at : at + chance.randint(1, 64)]


def _splice(data: bytearray, chance: random.Random, seeds: Sequence[bytes]) -> None:
    other = chance.choice(seeds)
    data[chance.randrange(len(data) + 1) :] = other[chance.randrange(len(other) + 1) :]


CHANGES = (_flip_bit, _set_edge, _set_edge, _nudge, _cut_end, _cut_middle, _insert, _repeat, _splice)
