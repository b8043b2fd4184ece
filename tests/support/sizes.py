"""Lengths of files and functions in lines, of Python and Cython sources alike, without importing anything."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.imports import source_files

CYTHON_FUNCTION = re.compile(
    r"(?P<indent> *)(?:async def|def|cdef|cpdef)\b(?!.*\bclass\b)[^=#:]*?(?P<name>\w+)\("
)


@dataclass(frozen=True, slots=True)
class Function:
    name: str  # with the class's name before it in Python, alone in Cython
    lines: int  # from its first line, decorators not counted, to its last


def functions(path: Path) -> list[Function]:
    """Every function and method of a source file, nested ones too."""
    text = path.read_text()
    return list(_cython(text) if path.suffix in {".pyx", ".pxd"} else _python(ast.parse(text), ""))


def file_lengths(root: Path, folders: tuple[str, ...]) -> dict[str, int]:
    """Lines of each source file below `root`/`folders`, by its path from `root`."""
    return {
        str(path.relative_to(root)): len(path.read_text().splitlines())
        for folder in folders
        for path in source_files(root / folder)
    }


def function_lengths(root: Path, folders: tuple[str, ...]) -> dict[str, int]:
    """Lines of each function below `root`/`folders`, by `path:name`; the longest where a name repeats."""
    found: dict[str, int] = {}
    for folder in folders:
        for path in source_files(root / folder):
            for function in functions(path):
                key = f"{path.relative_to(root)}:{function.name}"
                found[key] = max(found.get(key, 0), function.lines)
    return found


def _python(node: ast.AST, prefix: str) -> Iterator[Function]:
    for child in ast.iter_child_nodes(node):
        inner = prefix
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            inner = f"{prefix}{child.name}."
            if not isinstance(child, ast.ClassDef):
                yield Function(inner[:-1], (child.end_lineno or child.lineno) - child.lineno + 1)
        yield from _python(child, inner)


def _cython(text: str) -> Iterator[Function]:
    """A function ends with its last line that is indented deeper than its first; blank lines
    and comments at the margin do not end it."""
    lines = text.splitlines()
    for first, line in enumerate(lines):
        header = CYTHON_FUNCTION.match(line)
        if not header:
            continue
        body = _end_of_signature(lines, first)
        if body is None:
            continue
        last = body - 1
        for number in range(body, len(lines)):
            if not lines[number].strip() or lines[number].startswith("#"):
                continue
            if len(lines[number]) - len(lines[number].lstrip()) <= len(header["indent"]):
                break
            last = number
        yield Function(header["name"], last - first + 1)


def _end_of_signature(lines: list[str], first: int) -> int | None:
    """The number of the first line of the body; None for a declaration without one."""
    depth = 0
    for number in range(first, len(lines)):
        code = lines[number].partition("#")[0].rstrip()
        depth += code.count("(") - code.count(")")
        if depth == 0:
            return number + 1 if code.endswith(":") else None
    return None
