"""Turns of targets in a campaign, and the record of it that outlives a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz import target as places
from tests.fuzz.campaign import Campaign, Plan
from tests.fuzz.runner import Outcome
from tests.fuzz.state import State
from tests.fuzz.target import Take, Target

PLAN = Plan(seconds=0.5, slice_s=0.02, jobs=2, seed=1)


def sound(name: str) -> Target:
    return Target(name, [b"seed"], lambda: len)


def outcome(cpu_s: float) -> Outcome:
    return Outcome(tried=7, edges=5, new_edges=1, cpu_s=cpu_s, crash=None)


def test_every_target_gets_its_turn_and_a_broken_one_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "CRASHES", tmp_path / "crashes")

    def make() -> Take:
        return lambda data: 1 // 0

    targets = [sound("a"), sound("b"), Target("broken", [b"seed"], make)]
    state = State(tmp_path / "state.json", "c1")
    broken = Campaign(targets, PLAN, state, tmp_path).run()
    assert list(broken) == ["broken"]
    assert broken["broken"].read_bytes() == b"seed"
    assert (state.of("broken").runs, state.of("broken").findings) == (1, 1)
    assert state.of("a").runs > 0
    assert state.of("b").runs > 0


def test_whoever_had_the_least_time_before_is_next(tmp_path: Path) -> None:
    state = State(tmp_path / "state.json", "c1")
    state.add("a", outcome(1e9))
    campaign = Campaign([sound("a"), sound("b")], Plan(0.2, 0.02, 1, 1), state, tmp_path)
    campaign.run()
    assert state.of("a").runs == 7
    assert state.of("b").runs > 7


def test_a_record_is_read_again_and_counts_each_commit_alone(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    State(path, "c1").add("a", outcome(60.0))
    State(path, "c2").add("a", outcome(30.0))
    again = State(path, "c2")
    again.add("a", outcome(30.0))
    assert again.of("a").runs == 14
    assert again.cpu_s() == {"c1": 60.0, "c2": 60.0}
    assert again.table(["a"])[1].split() == ["a", "1.0", "14", "0", "5", "2", "0"]
