"""Docstrings and citations of the house, read without importing anything."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.support.imports import source_files

# A first word that makes the first line lean on something else, or on a riddle.
LEANING_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
    he she it its they their theirs we our ours you i this that these those such same
    who whose whom what which how when where why whether if
    somebody someone something everybody everyone everything anybody anyone anything nobody none nothing
    both neither either here there else otherwise
    once never not no only also again already still now then sometimes soon too like
    and or but so because since though although unless until while before after
    as at between by for from in like of on out over per than through to towards under up with within without
    above about behind below beside bodies
    """,
    )
)

CITATION = re.compile(
    r"RFC[ -]?\d+,? ?§"  # RFC 8445 §5
    r"|RFC-?\d"  # RFC8445
    r"|RFC \d+,? (?:[Ss]ec\b|[Ss]ect\b|[Cc]hapter\b|\d+\.\d)"  # RFC 8445 5.1
    r"|RFC \d+(?:,| S)ections?\b|RFC \d+, sections?\b"  # RFC 8445, section 5
    r"|[Ss]ections? [\d.]+ (?:of|in) (?:the )?RFC"  # section 5 of RFC 8445
)
TEXTS = {".py", ".pyi", ".pyx", ".pxd", ".h", ".c", ".md", ".toml", ".sh", ".yml", ".service", ".socket", ""}


def leaning_docstrings(root: Path) -> list[str]:
    """The docstrings whose first word keeps the line from being read alone: `path:line: text`."""
    return [
        f"{path.relative_to(root)}:{line}: {text}"
        for folder in ("mediad", "tests")
        for path in source_files(root / folder)
        for line, text in first_lines(path)
        if first_word(text) in LEANING_WORDS
    ]


def odd_citations(root: Path, paths: list[str]) -> list[str]:
    """The citations that are not written as `RFC 8445 section 5.1.2.1`, as `path:line: text`."""
    return [
        f"{path}:{number}: {line.strip()}"
        for path in paths
        if not path.startswith("mediad/web/") and Path(path).suffix in TEXTS
        for number, line in enumerate((root / path).read_text(errors="replace").splitlines(), start=1)
        if CITATION.search(line) and path != "tests/support/prose.py"
    ]


def first_word(text: str) -> str:
    """The first word of a docstring in lower case; "" when it begins with something else, such as code."""
    found = re.match(r"\w+", text)
    return found[0].lower() if found else ""


def first_lines(path: Path) -> Iterator[tuple[int, str]]:
    """The line number and first line of each docstring of a source file, those of attributes included."""
    text = path.read_text()
    yield from _cython(text) if path.suffix in {".pyx", ".pxd"} else _python(ast.parse(text))


def _python(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        for statement in body if isinstance(body, list) else ():
            match statement:
                case ast.Expr(value=ast.Constant(value=str(text))):
                    yield statement.lineno, text.strip().split("\n")[0]


def _cython(text: str) -> Iterator[tuple[int, str]]:
    inside = False
    for number, line in enumerate(map(str.strip, text.splitlines()), start=1):
        if not inside and line.startswith('"""'):
            yield number, line.strip('"').strip()
            inside = line.count('"""') == 1
        elif inside and '"""' in line:
            inside = False
