"""Turns lines of JSON into nearly right ones: other types, fields that are missing, twice or deep."""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tests.fuzz.mutate import mutate

VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 7, 255, 65535, 65536, 2**31, 2**32, 2**53, 2**63, 2**64, -(2**63)),
    *(0.5, 1e308, -1e-9, 10**400, "", "a", "0", "\0", "\ud800", "é" * 40, "x" * 1000, "__proto__", "../../x"),
    *([], {}, [[]], [None], {"": None}, [0] * 100),
)
PACKET = re.compile(rb"([^\[{\"]*)(.*)", re.DOTALL)
"""The part that stands before the JSON of a line, such as the digits of a Socket.IO packet, and the JSON."""


def mutate_json(seeds: Sequence[bytes], chance: random.Random, limit: int) -> bytes:
    """One of the seeds, which are lines of JSON, with one to four changes, at most `limit` bytes long."""
    if chance.random() < 0.2:
        return mutate(seeds, chance, limit)
    lines = chance.choice(seeds).split(b"\n")
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(lines)) if lines else 0
        choice = chance.randrange(10)
        if choice == 0 and lines:
            del lines[at]
        elif choice == 1 and lines:
            lines.insert(chance.randrange(len(lines) + 1), lines[at])
        elif choice == 2:
            other = chance.choice(seeds).split(b"\n")
            lines[at:at] = other[chance.randrange(len(other)) :][: chance.randint(1, 4)]
        elif lines and len(lines[at]) <= limit:
            lines[at] = _changed(lines[at], chance, seeds)
    return b"\n".join(lines)[:limit]


def _changed(line: bytes, chance: random.Random, seeds: Sequence[bytes]) -> bytes:
    match = PACKET.fullmatch(line)
    assert match is not None  # everything matches
    value = _read(match[2])
    if value is None:
        return mutate([line], chance, len(line) + 64)
    places = list(_places(value))
    if not places:
        return match[1] + _written(chance.choice(VALUES))
    container, key = chance.choice(places)
    chance.choice(CHANGES)(container, key, chance, seeds)
    return match[1] + _written(value)


def _read(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _written(value: Any) -> bytes:
    try:
        return json.dumps(value).encode()
    except RecursionError:
        return b"[" * 2000


def _places(value: Any, depth: int = 0) -> Iterator[tuple[Any, Any]]:
    """Yield each container below the value, with each of its keys or indices."""
    if depth > 20:
        return
    for key in (
        list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    ):
        yield value, key
        yield from _places(value[key], depth + 1)


def _set(container: Any, key: Any, chance: random.Random, _: Sequence[bytes]) -> None:
    container[key] = copy.deepcopy(chance.choice(VALUES))


def _remove(container: Any, key: Any, _: random.Random, __: Sequence[bytes]) -> None:
    del container[key]


def _wrap(container: Any, key: Any, chance: random.Random, _: Sequence[bytes]) -> None:
    for _turn in range(chance.choice((1, 1, 1, 30))):
        container[key] = [container[key]] if chance.random() < 0.5 else {"a": container[key]}


def _repeat(container: Any, key: Any, chance: random.Random, _: Sequence[bytes]) -> None:
    if isinstance(container, list):
        container.extend([copy.deepcopy(container[key])] * chance.choice((1, 2, 40)))
    else:
        container[chance.choice((f"{key}2", "", "id", "type"))] = copy.deepcopy(container[key])


def _nudge(container: Any, key: Any, chance: random.Random, _: Sequence[bytes]) -> None:
    value = container[key]
    if isinstance(value, bool):
        container[key] = not value
    elif isinstance(value, int):
        container[key] = value + chance.choice((-1, 1, 256, -value - 1))
    elif isinstance(value, str):
        container[key] = mutate([value.encode("utf-8", "replace")], chance, 200).decode("utf-8", "replace")
    else:
        _set(container, key, chance, ())


def _borrow(container: Any, key: Any, chance: random.Random, seeds: Sequence[bytes]) -> None:
    """Put there what stands somewhere in another input."""
    line = chance.choice(chance.choice(seeds).split(b"\n"))
    match = PACKET.fullmatch(line)
    other = list(_places(_read(match[2]))) if match else []
    if other:
        giver, index = chance.choice(other)
        container[key] = copy.deepcopy(giver[index])
        if isinstance(giver, dict) and isinstance(container, dict) and chance.random() < 0.5:
            container[index] = container.pop(key)


CHANGES: tuple[Callable[[Any, Any, random.Random, Sequence[bytes]], None], ...] = (
    *(_set, _set, _remove, _wrap, _repeat, _nudge, _nudge, _borrow, _borrow),
)
