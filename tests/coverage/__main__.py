"""`python -m tests.coverage TREE [--record | --no-floors]`: see scripts/coverage."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.coverage import figures, native, python


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/coverage")
    parser.add_argument("tree", type=Path, help="where the tests ran, instrumented")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--record", action="store_true", help="make today's figures the floors")
    how.add_argument("--no-floors", action="store_true", help="compare nothing: other tests ran")
    options = parser.parse_args()
    files = python.measured(options.tree) | native.measured(options.tree)
    print("\n".join(figures.table(files)))
    folders = figures.by_folder(files)
    if options.record:
        figures.record(folders)
    elif not options.no_floors and (told := figures.problems(folders, figures.recorded())):
        print("\nCoverage fell (scripts/coverage --record, if there is a reason):", *told, sep="\n")
        return 1
    return 0


sys.exit(main())
