"""Constants of the native code mean the same whichever compiler makes it.

Since gcc 13, and in C23, one enumerator beyond int makes all of its enum unsigned or wider; before, each had
the smallest type it fits. `-LIMIT_US` was then minus a second with one compiler, and more than an hour with
another. So every enumerator fits an int, and a wider constant is a macro with a type of its own:

    cdef extern from "<stdint.h>":
        const int64_t LONG_US "INT64_C(3600000000)"
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.support.imports import ROOT

ENUM = re.compile(r"^( *)(?:cp?def |ctypedef )?enum\b[^:\n]*:[ \t]*(?:#.*)?$")
MEMBER = re.compile(r"^ *(\w+)(?:[ \t]*=[ \t]*([^#\n]+))?[ \t]*,?[ \t]*(?:#.*)?$")
C_ENUM = re.compile(r"\benum\b[^;{(]*\{")

SOURCES = sorted(
    path
    for folder in ("mediad", "tests")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in {".pyx", ".pxd"} and "node_modules" not in path.parts
)
HEADERS = sorted(path for path in (ROOT / "mediad").rglob("*.h") if "node_modules" not in path.parts)


def enumerators(source: str) -> Iterator[tuple[str, str | None]]:
    """Each member of each enum with the expression it is given, in order; not those that C defines."""
    depth: int | None = None
    extern: int | None = None
    for line in source.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        indent = len(line) - len(line.lstrip())
        if extern is not None and indent <= extern:
            extern = None
        if re.match(r" *cdef extern from\b", line):
            extern = indent
        if depth is not None:
            if indent > depth and (member := MEMBER.match(line)):
                yield member[1], member[2]
                continue
            depth = None
        if (head := ENUM.match(line)) and extern is None:
            depth = len(head[1])
            yield "", None  # counting starts anew


def values(source: str, known: Mapping[str, int]) -> dict[str, int]:
    """The value of each enumerator, as C counts them. Names of other enums are looked up in `known`."""
    found: dict[str, int] = {}
    following = 0
    for name, expression in enumerators(source):
        if not name:
            following = 0
            continue
        if expression:
            names = {one.id for one in ast.walk(ast.parse(expression.strip())) if isinstance(one, ast.Name)}
            if missing := names - {**known, **found}.keys():
                raise LookupError(f"{name} is made of {missing}")
            following = eval(expression, {"__builtins__": {}}, {**known, **found})
        found[name] = following
        following += 1
    return found


def all_values() -> dict[Path, dict[str, int]]:
    found: dict[Path, dict[str, int]] = {}
    known: dict[str, int] = {}
    waiting = list(SOURCES)
    while waiting:
        later = []
        for path in waiting:
            try:
                found[path] = values(path.read_text(), known)
            except LookupError:
                later.append(path)
            else:
                known |= found[path]
        if len(later) == len(waiting):
            raise AssertionError(f"nobody defines what these are made of: {later}")
        waiting = later
    return found


def beyond_int(constants: Mapping[str, int]) -> dict[str, int]:
    return {name: value for name, value in constants.items() if not -(2**31) <= value < 2**31}


def test_every_enumerator_fits_an_int() -> None:
    found = all_values()
    wrong = {
        f"{path.relative_to(ROOT)}: {name} = {value}"
        for path, constants in found.items()
        for name, value in beyond_int(constants).items()
    }
    assert wrong == set()
    assert sum(map(len, found.values())) > 250  # it did read them


def test_headers_have_no_enums() -> None:
    """The test above would have to read enums of headers as well."""
    assert [path.name for path in HEADERS if C_ENUM.search(path.read_text())] == []


SAMPLE = """
cdef enum:
    FIRST_US = 1000
    LONG_US = 3600000000     # an hour
    NONE = 0xFFFFFFFF
    LESS = -FIRST_US

cpdef enum Kind:   # named
    KIND_A
    KIND_B = 7
    KIND_C,
    KIND_D = BITS << 30

cdef extern from "limits.h":
    enum:
        HUGE
    const int64_t FINE "INT64_C(3600000000)"

cdef int function(int x):
    cdef enum: INSIDE
    LATER = 0xFFFFFFFFF
"""


def test_enumerators_are_counted_as_c_does() -> None:
    assert values(SAMPLE, {"BITS": 2}) == {
        "FIRST_US": 1000,
        "LONG_US": 3_600_000_000,
        "NONE": 0xFFFFFFFF,
        "LESS": -1000,
        "KIND_A": 0,
        "KIND_B": 7,
        "KIND_C": 8,
        "KIND_D": 2 << 30,
    }


def test_what_does_not_fit_is_found() -> None:
    assert beyond_int(values(SAMPLE, {"BITS": 2})).keys() == {"LONG_US", "NONE", "KIND_D"}


def test_a_name_that_nobody_defines_is_not_passed_over() -> None:
    with pytest.raises(LookupError, match="BITS"):
        values(SAMPLE, {})
