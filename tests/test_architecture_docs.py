"""The names in docs/architecture.md exist: every path, every name in a file, every allowed import."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.support.imports import ROOT
from tests.support.imports import references as imports
from tests.test_house import FLOORS

GUIDE = (ROOT / "docs" / "architecture.md").read_text()

CODE = re.compile(r"`([^`\n]+)`")
PATH = re.compile(
    r"(?P<path>[\w.]+(?:/[\w.-]+)*(?:/|\.(?:py|pyx|pxd|pyi|h|md|toml|yml|json)))(?::(?P<name>[A-Za-z_][\w.]*))?"
)
FOLDERS = ("mediad", "tests", "docs", "scripts")
"""The folders in which a path may begin; all others begin in mediad/."""

GROUND = {room for room in FLOORS if (ROOT / "mediad" / f"{room}.py").exists()}


def references(text: str) -> list[tuple[str, str]]:
    """The paths in code marks, each with the name behind its colon, or ""."""
    found = [PATH.fullmatch(code) for code in CODE.findall(text)]
    return [(match["path"], match["name"] or "") for match in found if match]


def place_of(path: str) -> Path:
    return ROOT / path if path.split("/")[0] in FOLDERS else ROOT / "mediad" / path


def names_in(path: Path) -> set[str]:
    """Return the names that a file defines, as `name` and `Class.name`."""
    text = path.read_text()
    return _cython_names(text) if path.suffix in {".pyx", ".pxd", ".h"} else _python_names(ast.parse(text))


def _python_names(tree: ast.Module) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        for child in getattr(node, "body", []) if isinstance(node, ast.Module | ast.ClassDef) else []:
            prefix = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
            if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                names.add(prefix + child.name)
            targets = child.targets if isinstance(child, ast.Assign) else [getattr(child, "target", None)]
            names.update(prefix + target.id for target in targets if isinstance(target, ast.Name))
    return names


def _cython_names(text: str) -> set[str]:
    names, owner = set(), ""
    for line in text.splitlines():
        owner = owner if line[:1] in {"", " ", "#"} else ""
        if found := re.match(r"(?:cdef )?class (\w+)", line):
            owner = found[1]
            names.add(owner)
        elif found := re.match(
            r"(?:cdef|cpdef|ctypedef) (?:struct|enum|union|inline)? ?[^(]*?(\w+)\s*[:(]", line
        ):
            names.add(found[1])
        elif owner and (found := re.match(r"    (?:def|cdef|cpdef)\b[^(]*?(\w+)\(", line)):
            names.add(f"{owner}.{found[1]}")
    return names


REFERENCES = sorted(set(references(GUIDE)))


def test_references_are_read_as_they_are_written() -> None:
    text = "`rooms/room.py:Room.attach`, `ctl/doctor/`, `errors.py`, `Room`, `/health`, `a.b`"
    assert references(text) == [("rooms/room.py", "Room.attach"), ("ctl/doctor/", ""), ("errors.py", "")]


def test_names_are_found_in_both_languages() -> None:
    python = "A: int = 1\nclass B:\n    c = 2\n    async def d(self): ...\ndef e():\n    f = 3\n"
    assert _python_names(ast.parse(python)) == {"A", "B", "B.c", "B.d", "e"}
    cython = (
        "cdef int* a(\n    int b) nogil:\ncpdef enum C:\n    D = 1\ncdef class E(F):\n    cdef int g(self):\n"
    )
    cython += "cdef int h() nogil:\n    cdef int i = a(1)\n"
    assert _cython_names(cython) == {"a", "C", "E", "E.g", "h"}


def test_there_is_much_to_look_up() -> None:
    assert len(REFERENCES) > 150


@pytest.mark.parametrize(("path", "name"), REFERENCES)
def test_what_the_guide_names_exists(path: str, name: str) -> None:
    require_place(path, name)


def require_place(path: str, name: str) -> None:
    """Fail unless the path, and the name in it if one is given, exist."""
    place = place_of(path)
    assert place.is_dir() if path.endswith("/") else place.is_file(), f"{path} is not there"
    if name:
        assert name in names_in(place), f"{path} has no {name}"


def test_the_table_of_folders_is_that_of_the_floors() -> None:
    rows = re.findall(r"^\| `([\w.]+)` \|.*\| ([^|]*) ?\|$", GUIDE, re.MULTILINE)
    told = {name: written_out(name, CODE.findall(imports)) for name, imports in rows}
    assert told == {name: allowed(name) for name in FLOORS if name not in GROUND}


def allowed(folder: str) -> set[str]:
    """Return the folders that a folder may import, without ground files."""
    return set(FLOORS[folder].split()) - GROUND - {folder}


def written_out(importer: str, names: list[str]) -> set[str]:
    """The names with `a.b.*` as a.b and its parts, without the importer itself."""
    wholes = tuple(name.removesuffix(".*") for name in names if name.endswith(".*"))
    parts = {name for name in FLOORS for whole in wholes if f"{name}.".startswith(f"{whole}.")}
    return {name for name in names if not name.endswith(".*")} | parts - {importer}


def test_a_folder_stands_above_all_that_it_may_import() -> None:
    order = [name for name in re.findall(r"^\| `([\w.]+)` \|", GUIDE, re.MULTILINE) if name in FLOORS]
    for number, name in enumerate(order):
        assert allowed(name) <= set(order[number + 1 :]), name


def test_every_file_on_the_ground_is_named() -> None:
    assert {f"{name}.py" for name in GROUND} - {path for path, _ in REFERENCES} == set()


def test_the_table_of_parts_is_as_it_is() -> None:
    rows = re.findall(r"^\| `([\w/]+)/` \|.*\| ([^|]*) ?\|$", GUIDE, re.MULTILINE)
    told = {part: set(CODE.findall(neighbours)) for part, neighbours in rows}
    found: dict[str, set[str]] = {part: set() for part in told}
    for reference in imports():
        source, target = (part_of(module) for module in (reference.source, reference.target))
        whole, _, name = target.rpartition("/")
        if source in found and target in told and source != target and source.startswith(f"{whole}/"):
            found[source].add(name)
    assert told == found, "renew the table"
    order = list(told)
    for number, part in enumerate(order):
        whole = part.rpartition("/")[0]
        assert {f"{whole}/{name}" for name in told[part]} <= set(order[number + 1 :]), (
            f"{part} imports upwards"
        )


def part_of(module: str) -> str:
    return "/".join(module.split(".")[1:-1])
