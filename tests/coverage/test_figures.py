"""Figures by folder, and what is said of those that fell."""

from __future__ import annotations

from pathlib import Path

from tests.coverage import figures
from tests.coverage.figures import Lines

FILES = {
    "mediad/a/b.py": Lines({1, 2, 3, 7}, {1, 2}),
    "mediad/a/c.py": Lines({1, 2, 3, 4}, {1, 2, 3, 4}),
    "mediad/d.pyx": Lines({5}, set()),
}


def test_a_folder_has_the_lines_of_its_files() -> None:
    assert figures.by_folder(FILES) == {"mediad": 0.0, "mediad/a": 75.0}
    assert figures.table(FILES)[0] == "  50.0 % of    4  mediad/a/b.py  3, 7"
    assert figures.table(FILES)[-1].strip() == "66.7 %  in all"


def test_runs_of_numbers_are_ranges() -> None:
    assert figures.ranges([9, 3, 7, 8]) == "3, 7-9"
    assert figures.ranges([]) == ""


def test_what_is_recorded_is_read_again(tmp_path: Path) -> None:
    figures.record({"mediad/a": 75.04, "mediad": 0.0}, tmp_path / "floors.json")
    assert figures.recorded(tmp_path / "floors.json") == {"mediad/a": 75.0, "mediad": 0.0}
    assert figures.recorded(tmp_path / "none.json") == {}


def test_only_a_fall_beyond_the_tolerance_is_told() -> None:
    floors = {"mediad/a": 75.0}
    assert figures.problems({"mediad/a": 75.0 - figures.TOLERANCE}, floors) == []
    assert figures.problems({"mediad/a": 74.4}, floors) == ["mediad/a: 74.4 %, recorded are 75.0 %"]


def test_a_folder_that_is_new_or_gone_is_told() -> None:
    assert figures.problems({"mediad/b": 50.0}, {"mediad/a": 75.0}) == [
        "mediad/a: has a floor and no code; was it moved?",
        "mediad/b: 50.0 %, and no floor is recorded",
    ]
