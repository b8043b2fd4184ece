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
    """Print what the fuzzer's targets ran of their parsers. 1 when one falls short of its bar."""
    short = 0
    for target in TARGETS:
        for parser in target.parsers:
            lines = files[f"mediad/{parser}"]
            share, missed = figures.percent([lines]), figures.ranges(lines.all - lines.ran)
            short += share < PARSER_BAR
            print(
                f"{share:6.1f} % of {len(lines.all):4}  {target.name:17} mediad/{parser}  {missed}".rstrip()
            )
    total = figures.percent(
        files[f"mediad/{parser}"] for parser in {p for one in TARGETS for p in one.parsers}
    )
    print(f"{total:6.1f} %  of all parsers; {short} of them below {PARSER_BAR} %")
    return 1 if short else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/coverage")
    parser.add_argument("tree", type=Path, help="where the tests ran, instrumented")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--record", action="store_true", help="make today's figures the floors")
    how.add_argument(
        "--parsers", action="store_true", help="tell of parsers alone, and hold them to their bar"
    )
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
