"""Counted things in a sentence, and that no sentence counts them in another way."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from mediad.words import plural
from tests.support.imports import ROOT

_COUNTED = re.compile(
    r"(?:%d|\{\}) (?:of an earlier run )?"
    r"(?:rooms|peers|workers|restarts|events|attempts|times|days|cores|datagrams|lines|people|transports)\b"
)


def test_one_and_many() -> None:
    assert [plural(count, "room") for count in (0, 1, 2)] == ["0 rooms", "1 room", "2 rooms"]


def sentences(path: Path) -> Iterator[tuple[int, str]]:
    """Every string of a file; {} stands for what an f-string puts in."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
            yield node.lineno, "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def test_no_sentence_says_1_rooms() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {text}"
        for path in sorted((ROOT / "mediad").rglob("*.py"))
        if "node_modules" not in path.parts
        for line, text in sentences(path)
        if _COUNTED.search(text)
    ]
    assert wrong == []
