"""A short look at every fuzz target: seeds, corpus, what ever broke it, and some hundred changed ones."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from tests.fuzz import target as places
from tests.fuzz.mutate import mutate
from tests.fuzz.mutate_json import mutate_json
from tests.fuzz.runner import fuzz
from tests.fuzz.target import CORPORA, MAX_INPUT, Take, Target, feed
from tests.fuzz.targets import TARGETS
from tests.support.imports import ROOT

CHANGED = 500
CHANGED_S = 2.0
"""The time in which inputs are changed; those of the corpus are all fed."""
CORPORA_BYTES = 500_000


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_target_is_sound(target: Target) -> None:
    take = target.make()
    inputs = target.inputs()
    for data in inputs:
        feed(target, take, data)
    chance = random.Random(target.name)
    change = mutate_json if target.shape == "json" else mutate
    end = time.monotonic() + CHANGED_S
    for _ in range(CHANGED):
        feed(target, take, change(inputs, chance, MAX_INPUT))
        if time.monotonic() > end:
            break


def test_targets_are_named_as_their_files_and_their_parsers_exist() -> None:
    names = {path.stem.replace("_", "-") for path in (Path(__file__).parent / "targets").glob("[a-z]*.py")}
    assert {target.name for target in TARGETS} == names
    parsers = [parser for target in TARGETS for parser in target.parsers]
    assert [parser for parser in parsers if not (ROOT / "mediad" / parser).is_file()] == []


def test_corpora_are_small() -> None:
    assert sum(path.stat().st_size for path in CORPORA.glob("*.zip")) < CORPORA_BYTES
    assert {path.stem for path in CORPORA.glob("*.zip")} <= {target.name for target in TARGETS}


def test_what_breaks_a_target_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "CRASHES", tmp_path)

    def make() -> Take:
        def take(data: bytes) -> None:
            if not data.startswith(b"RIFF"):
                raise IndexError

        return take

    outcome = fuzz(Target("brittle", [b"RIFF1234"], make), seconds=60, seed=1)
    assert outcome.tried > 1
    assert outcome.crash is not None
    assert not outcome.crash.read_bytes().startswith(b"RIFF")
