"""`python -m tests.coverage TREE [--record | --no-floors]`: see scripts/coverage."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.coverage import figures, native, python
from tests.fuzz.targets import TARGETS

PARSER_BAR = 95
"""The percentage of its lines that each parser is held to."""


def parsers(files: dict[str, figures.Lines]) -> int:
    """Print which lines of their files the fuzzer's targets ran. 1 when a parser falls short of its bar."""
    ran: dict[str, str] = {}
    for target in TARGETS:
        for file in (*target.objects, *target.parsers):
            lines = files[f"mediad/{file}"]
            missed = figures.ranges(lines.all - lines.ran)
            ran[file] = f"{figures.percent([lines]):6.1f} % of {len(lines.all):4}  mediad/{file}  {missed}"
    held = sorted({parser for target in TARGETS for parser in target.parsers})
    short = [file for file in held if figures.percent([files[f"mediad/{file}"]]) < PARSER_BAR]
    print("objects behind parsers:", *(ran[file] for file in sorted(ran.keys() - set(held))), sep="\n")
    print("parsers:", *(ran[file] for file in held), sep="\n")
    total = figures.percent(files[f"mediad/{file}"] for file in held)
    print(f"{total:6.1f} %  of all {len(held)} parsers; {len(short)} of them below {PARSER_BAR} %")
    return 1 if short else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/coverage")
    parser.add_argument("tree", type=Path, help="where the tests ran, instrumented")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--record", action="store_true", help="make today's figures the floors")
    how.add_argument("--parsers", action="store_true", help="tell of parsers, and hold them to their bar")
    how.add_argument("--no-floors", action="store_true", help="compare nothing: other tests ran")
    options = parser.parse_args()
    files = python.measured(options.tree) | native.measured(options.tree)
    if options.parsers:
        return parsers(files)
    print("\n".join(figures.table(files)))
    folders = figures.by_folder(files)
    if options.record:
        figures.record(folders)
    elif not options.no_floors and (told := figures.problems(folders, figures.recorded())):
        print("\nCoverage fell (scripts/coverage --record, if there is a reason):", *told, sep="\n")
        return 1
    return 0


sys.exit(main())
