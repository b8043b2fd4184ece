"""A record of what was fuzzed, for how long and at which commit, that outlives a run."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.fuzz.runner import Outcome


@dataclass(slots=True)
class Figures:
    """The work done on one target at one commit."""

    cpu_s: float = 0.0
    runs: int = 0
    edges: int = 0
    new_edges: int = 0
    findings: int = 0


class State:
    """The record in a file; each change is written at once."""

    def __init__(self, path: Path, commit: str) -> None:
        self._path = path
        self._commit = commit
        self._figures: dict[str, dict[str, Figures]] = {}
        if path.exists():
            for made_at, targets in json.loads(path.read_text()).items():
                self._figures[made_at] = {name: Figures(**found) for name, found in targets.items()}

    def of(self, name: str) -> Figures:
        """Return the figures of a target at this commit."""
        return self._figures.setdefault(self._commit, {}).setdefault(name, Figures())

    def add(self, name: str, outcome: Outcome) -> None:
        figures = self.of(name)
        figures.cpu_s += outcome.cpu_s
        figures.runs += outcome.tried
        figures.edges = max(figures.edges, outcome.edges)
        figures.new_edges += outcome.new_edges
        figures.findings += outcome.crash is not None
        self._path.parent.mkdir(parents=True, exist_ok=True)
        written = self._path.with_suffix(".new")
        every = {
            made_at: {name: asdict(figures) for name, figures in sorted(targets.items())}
            for made_at, targets in self._figures.items()
        }
        written.write_text(json.dumps(every, indent=1) + "\n")
        written.replace(self._path)

    def cpu_s(self) -> dict[str, float]:
        """Return the CPU time of all targets together, by commit."""
        return {
            made_at: sum(figures.cpu_s for figures in targets.values())
            for made_at, targets in self._figures.items()
        }

    def table(self, names: Iterable[str]) -> list[str]:
        """Return a line for each target, at this commit."""
        rows = [
            f"{'target':20} {'CPU min':>8} {'runs':>10} {'runs/CPU s':>10} {'edges':>7} {'new':>6} findings"
        ]
        for name in names:
            one = self.of(name)
            rows.append(
                f"{name:20} {one.cpu_s / 60:8.1f} {one.runs:10} {one.runs / max(one.cpu_s, 1e-9):10.0f} "
                f"{one.edges:7} {one.new_edges:6} {one.findings:8}"
            )
        return rows
