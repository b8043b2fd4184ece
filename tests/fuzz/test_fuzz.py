"""A short look at every fuzz target: seeds, every input that ever broke it, a few hundred mutations."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fuzz import runner
from tests.fuzz.mutate import mutate
from tests.fuzz.runner import MAX_INPUT, Target, feed, fuzz
from tests.fuzz.targets import TARGETS


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_target_is_sound(target: Target) -> None:
    take = target.make()
    inputs = [*target.seeds, *target.known_crashes()]
    chance = random.Random(target.name)
    for data in [*inputs, *(mutate(inputs, chance, MAX_INPUT) for _ in range(500))]:
        feed(target, take, data)


def test_what_breaks_a_target_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "CRASHES", tmp_path)

    def make() -> Callable[[bytes], object]:
        def take(data: bytes) -> None:
            if not data.startswith(b"RIFF"):
                raise IndexError

        return take

    tried, crash = fuzz(Target("brittle", [b"RIFF1234"], make), seconds=60, seed=1)
    assert tried > 1
    assert crash is not None
    assert not crash.read_bytes().startswith(b"RIFF")
