"""Coverage of Python code: what coverage.py wrote down in each of the tests' processes."""

from __future__ import annotations

import json
from pathlib import Path

import coverage

from tests.coverage.figures import Lines


def measured(tree: Path) -> dict[str, Lines]:
    """Lines of each Python file of the product in `tree`, those that nothing imported included."""
    reader = coverage.Coverage(data_file=str(tree / ".coverage"), config_file=str(tree / "pyproject.toml"))
    reader.combine([str(tree)])
    report = tree / "coverage.json"
    reader.json_report(outfile=str(report))
    found = {}
    for file, seen in json.loads(report.read_text())["files"].items():
        path = Path(file)
        name = str(path.relative_to(tree) if path.is_absolute() else path)
        ran = set(seen["executed_lines"])
        if ran or seen["missing_lines"]:
            found[name] = Lines(ran | set(seen["missing_lines"]), ran)
    return found
