"""The paths and tests that docs/security.md and SECURITY.md name exist."""

from __future__ import annotations

import re

import pytest

from mediad.ctl.doctor.public_checks import _PRIVILEGES
from tests.attack.rows import ROWS
from tests.support.imports import ROOT
from tests.test_architecture_docs import references, require_place

GUIDES = [(name, (ROOT / name).read_text()) for name in ("docs/security.md", "SECURITY.md")]
REFERENCES = sorted({reference for _, text in GUIDES for reference in references(text)})


def test_there_is_much_to_look_up() -> None:
    assert len(REFERENCES) > 30


@pytest.mark.parametrize(("path", "name"), REFERENCES)
def test_what_the_guide_names_exists(path: str, name: str) -> None:
    require_place(path, name)


@pytest.mark.parametrize("title", ["Threats", "Incidents of others"])
def test_every_row_names_the_test_that_holds_it(title: str) -> None:
    for row in rows(title):
        held_by = row.strip("| ").rpartition(" | ")[2]
        tests = [path for path, _ in references(held_by) if path.startswith("tests/")]
        assert tests, row


def test_the_hardening_list_is_the_one_of_the_doctor() -> None:
    told = {name for row in rows("Hardening") for name in re.findall(r"`([\w-]+)`", row.split(" | ")[0])}
    source = (ROOT / "mediad/ctl/doctor/public_checks.py").read_text()
    judged = set(re.findall(r"(?:ok|warning|error)\(\s*\"([\w-]+)\"", source))
    assert told == judged | {check for check, *_ in _PRIVILEGES}


def test_the_table_of_floods_is_that_of_the_rows() -> None:
    told = [
        tuple(cell.strip() for cell in row.strip("| ").split(" | ")[:3]) for row in rows("Floods and faults")
    ]
    assert [row for row in told if len(row) == 3] == [
        ("row", "tried", "has to hold"),
        *((f"`{row.name}`", row.about, row.bar) for row in ROWS.values()),
    ], "renew the table"


def rows(title: str) -> list[str]:
    """Return the rows of the table below a title of docs/security.md, without its head."""
    (_, text), _ = GUIDES
    section = text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    return [line for line in section.splitlines() if line.startswith("| ")][1:]
