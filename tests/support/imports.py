"""Reads who imports whom in mediad, from Python and Cython sources alike, without importing anything.

A module is a dotted name; its .py, .pyi, .pyx and .pxd files count together, as they do for a reader.
References inside functions and under TYPE_CHECKING count like any other: a circle that only the type checker
walks is one that people walk too.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SUFFIXES = {".py", ".pyi", ".pyx", ".pxd"}

CYTHON_FROM = re.compile(r"^[ \t]*from[ \t]+([\w.]+)[ \t]+c?import[ \t]+(\([^)]*\)|.+)$", re.MULTILINE)
CYTHON_IMPORT = re.compile(
    r"^[ \t]*c?import[ \t]+([\w.]+(?:[ \t]+as[ \t]+\w+)?(?:,[ \t]*[\w.]+)*)[ \t]*$", re.M
)
CYTHON_COMMENT = re.compile(r"#.*")


@dataclass(frozen=True, slots=True)
class Reference:
    """`source` imports `target`. A name imported from a package is that submodule where one exists."""

    source: str
    target: str
    file: str  # relative to the root of the repository


def source_files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.suffix in SUFFIXES and "node_modules" not in path.parts:
            yield path


def module_name(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def modules(root: Path = ROOT) -> dict[str, list[Path]]:
    """Every module of mediad with its files."""
    found: dict[str, list[Path]] = {}
    for path in source_files(root / "mediad"):
        found.setdefault(module_name(path, root), []).append(path)
    return found


def references(root: Path = ROOT) -> list[Reference]:
    """Every import in mediad; those that lead outside keep the name as it is written."""
    known = modules(root)
    found = set()
    for source, paths in known.items():
        for path in paths:
            package = source if path.stem == "__init__" else source.rpartition(".")[0]
            for base, names in _imports(path, package):
                for target in _targets(base, names, known):
                    if target != source:
                        found.add(Reference(source, target, str(path.relative_to(root))))
    return sorted(found, key=lambda reference: (reference.file, reference.target))


def _targets(base: str, names: Iterable[str], known: Mapping[str, object]) -> set[str]:
    return {f"{base}.{name}" if f"{base}.{name}" in known else base for name in names} or {base}


def _imports(path: Path, package: str) -> Iterator[tuple[str, list[str]]]:
    """Pairs of an absolute module and the names taken from it."""
    text = path.read_text()
    raw = _cython_imports(text) if path.suffix in {".pyx", ".pxd"} else _python_imports(text)
    for base, names in raw:
        dots = len(base) - len(base.lstrip("."))
        if dots:
            parents = package.split(".")
            base = ".".join([*parents[: len(parents) - dots + 1], *filter(None, [base.lstrip(".")])])
        yield base, names


def _python_imports(text: str) -> Iterator[tuple[str, list[str]]]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, []
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or ""), [alias.name for alias in node.names]


def _cython_imports(text: str) -> Iterator[tuple[str, list[str]]]:
    text = CYTHON_COMMENT.sub("", text)
    for match in CYTHON_FROM.finditer(text):
        names = match[2].strip("() \t\n").replace("\n", " ").split(",")
        yield match[1], [name.split()[0] for name in names if name.strip()]
    for match in CYTHON_IMPORT.finditer(text):
        for name in match[1].split(","):
            yield name.split()[0], []


def circles(edges: Mapping[str, set[str]]) -> list[list[str]]:
    """The strongly connected groups of more than one node: every node in one reaches every other (Tarjan)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for target in sorted(edges.get(node, ())):
            if target not in index:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in stack:
                low[node] = min(low[node], index[target])
        if low[node] == index[node]:
            cut = stack.index(node)
            group = stack[cut:]
            del stack[cut:]
            if len(group) > 1:
                found.append(sorted(group))

    for node in sorted(edges):
        if node not in index:
            visit(node)
    return found
