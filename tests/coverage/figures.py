"""Figures of coverage by file and by folder, and the floors that they may not fall below."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

FLOORS = Path(__file__).with_name("floors.json")
TOLERANCE = 0.5  # percentage points: what chance decides in a test, a thread or a search decides in a line


@dataclass
class Lines:
    """Numbers of the lines of one file that are code, and of those that ran."""

    all: set[int] = field(default_factory=set)
    ran: set[int] = field(default_factory=set)

    def add(self, other: Lines) -> None:
        self.all |= other.all
        self.ran |= other.ran


def percent(many: Iterable[Lines]) -> float:
    """Return the percentage of the lines that ran, 0 to 100."""
    total = ran = 0
    for lines in many:
        total += len(lines.all)
        ran += len(lines.ran)
    return 100 * ran / total if total else 100.0


def by_folder(files: Mapping[str, Lines]) -> dict[str, float]:
    """The percentage of each folder, without the folders in it."""
    folders: dict[str, list[Lines]] = {}
    for file, lines in files.items():
        folders.setdefault(str(Path(file).parent), []).append(lines)
    return {folder: percent(folders[folder]) for folder in sorted(folders)}


def ranges(numbers: Iterable[int]) -> str:
    """`3, 7-9` for 3, 7, 8 and 9."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def table(files: Mapping[str, Lines], width: int = 72) -> list[str]:
    """One line for each file, with what did not run, and one for each folder."""
    rows = []
    for file, lines in sorted(files.items()):
        missed = ranges(lines.all - lines.ran)
        if len(missed) > width:
            missed = missed[:width].rpartition(",")[0] + ", …"
        rows.append(f"{percent([lines]):6.1f} % of {len(lines.all):4}  {file}  {missed}".rstrip())
    rows.append("")
    rows += [f"{share:6.1f} %  {folder}" for folder, share in by_folder(files).items()]
    return [*rows, "", f"{percent(files.values()):6.1f} %  in all"]


def recorded(path: Path = FLOORS) -> dict[str, float]:
    found: dict[str, float] = json.loads(path.read_text()) if path.exists() else {}
    return found


def record(folders: Mapping[str, float], path: Path = FLOORS) -> None:
    path.write_text(
        json.dumps({folder: round(share, 1) for folder, share in folders.items()}, indent=2) + "\n"
    )


def problems(folders: Mapping[str, float], floors: Mapping[str, float]) -> list[str]:
    """Return the folders that fell below their floor, have none, or exist no longer."""
    told = []
    for folder in sorted({*folders, *floors}):
        if folder not in folders:
            told.append(f"{folder}: has a floor and no code; was it moved?")
        elif folder not in floors:
            told.append(f"{folder}: {folders[folder]:.1f} %, and no floor is recorded")
        elif folders[folder] < floors[folder] - TOLERANCE:
            told.append(f"{folder}: {folders[folder]:.1f} %, recorded are {floors[folder]:.1f} %")
    return told
