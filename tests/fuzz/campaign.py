"""A run over many targets, each given as much processor time as the others."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.runner import Outcome, Run
from tests.fuzz.state import State
from tests.fuzz.target import Target


@dataclass(frozen=True, slots=True)
class Plan:
    """The time, in which portions, and with how many processes at once."""

    seconds: float
    """All the time there is, as clocks show it."""
    slice_s: float
    jobs: int
    seed: int


class Campaign:
    """The targets take turns: whoever had the least processor time at this commit is next."""

    def __init__(self, targets: Sequence[Target], plan: Plan, state: State, work: Path) -> None:
        self._targets = targets
        self._plan = plan
        self._state = state
        self._work = work
        self._running: dict[int, Run] = {}
        self._chance = random.Random(plan.seed)
        self._turns = {target.name: 0 for target in targets}
        self._broken: dict[str, Path] = {}

    def run(self) -> dict[str, Path]:
        """Return what broke targets, by name. A broken one gets no more time."""
        end = time.monotonic() + self._plan.seconds
        while True:
            while len(self._running) < self._plan.jobs and (left := end - time.monotonic()) > 0:
                target = self._next()
                if target is None:
                    break
                self._start(target, min(left, self._plan.slice_s))
            if not self._running:
                return self._broken
            self._collect()

    def _next(self) -> Target | None:
        busy = {run.target.name for run in self._running.values()}
        free = [
            target for target in self._targets if target.name not in busy and target.name not in self._broken
        ]
        return min(
            free, key=lambda one: (self._state.of(one.name).cpu_s, self._turns[one.name]), default=None
        )

    def _start(self, target: Target, seconds: float) -> None:
        self._turns[target.name] += 1
        run = Run(target, seconds, self._chance.getrandbits(32), self._work)
        self._running[run.pid] = run

    def _collect(self) -> None:
        pid, status, usage = os.wait4(-1, 0)
        run = self._running.pop(pid)
        outcome = run.finished(status, usage)
        self._state.add(run.target.name, outcome)
        print(summary(run.target, outcome), flush=True)
        if outcome.crash is not None:
            self._broken[run.target.name] = outcome.crash


def summary(target: Target, outcome: Outcome) -> str:
    """Return what a run came to, in a line."""
    return (
        f"{target.name:20} {outcome.tried:9} runs  {outcome.tried / max(outcome.cpu_s, 1e-9):8.0f}/CPU s  "
        f"{outcome.edges:6} edges, {outcome.new_edges:4} new  "
        + (f"BROKEN by {outcome.crash}" if outcome.crash else "sound")
    )
