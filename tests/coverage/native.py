"""Coverage of native code: what gcov counted in generated C, told in lines of the .pyx and .pxd it came from.

Cython writes the source's position as a comment before the C of each statement. A statement ran when the
first line of C behind its comment that has code ran. Considered and set aside: #line directives
(MEDIAD_DEBUG), because the C of one statement has many lines, and all but the first would count for the
statements below it; and Cython's own tracing, because it takes the GIL for each line, which stops the media
thread.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.coverage.figures import Lines

POSITION = re.compile(r'^ */\* "([^"]+)":(\d+)$', re.MULTILINE)
# Functions of ours; the rest is the module's start and Cython's own helpers.
OURS = ("__pyx_f_", "__pyx_pf_", "__pyx_pw_")
PRODUCT = "mediad/"


def measured(tree: Path) -> dict[str, Lines]:
    """Lines of each native source file of the product, from what modules built for gcov in `tree` left."""
    found: dict[str, Lines] = {}
    for notes in sorted((tree / "build").rglob("*.gcno")):
        # build/temp.<platform>/mediad/… was made from mediad/….c
        name = Path(*notes.relative_to(tree / "build").parts[1:]).with_suffix(".c")
        if (tree / name).exists():
            counts = function_counts(gcov(notes, tree), str(name))
            for file, lines in statements((tree / name).read_text(), counts).items():
                found.setdefault(file, Lines()).add(lines)
    return found


def gcov(notes: Path, tree: Path) -> dict[str, Any]:
    """Return gcov's report on one module, from its JSON."""
    done = subprocess.run(
        ["gcov", "--json-format", "--stdout", str(notes)],
        cwd=tree,
        capture_output=True,
        text=True,
        check=True,
    )
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def function_counts(report: Mapping[str, Any], generated: str) -> dict[int, int]:
    """Return the number of runs of each line of `generated` that is code of a function of ours."""
    counts: dict[int, int] = {}
    for file in report["files"]:
        if file["file"] == generated:
            for line in file["lines"]:
                if line.get("function_name", "").startswith(OURS):
                    number = line["line_number"]
                    counts[number] = max(counts.get(number, 0), line["count"])
    return counts


def statements(text: str, counts: Mapping[int, int]) -> dict[str, Lines]:
    """Lines of the product's sources in the generated C `text`, by file."""
    found: dict[str, Lines] = {}
    for file, line, first, end in positions(text):
        if not file.startswith(PRODUCT):
            continue
        ran = next((counts[number] for number in range(first, end) if number in counts), None)
        if ran is not None:
            lines = found.setdefault(file, Lines())
            lines.all.add(line)
            if ran:
                lines.ran.add(line)
    return found


def positions(text: str) -> Iterator[tuple[str, int, int, int]]:
    """Each comment's file and line, and the numbers of the C lines from it up to the next one, exclusive."""
    places: list[tuple[str, int, int]] = []
    number, at = 1, 0
    for match in POSITION.finditer(text):
        number += text.count("\n", at, match.start())
        at = match.start()
        places.append((match[1], int(match[2]), number))
    ends = [*(place[2] for place in places[1:]), text.count("\n") + 2]
    for (file, line, first), end in zip(places, ends, strict=False):
        yield file, line, first, end
