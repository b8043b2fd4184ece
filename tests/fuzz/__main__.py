"""`python -m tests.fuzz [--seconds N] [--seed N] [target…]`: see scripts/fuzz."""

from __future__ import annotations

import argparse
import sys

from tests.fuzz.runner import fuzz
from tests.fuzz.targets import TARGETS


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description="Mutated input into every parser.")
    parser.add_argument("--seconds", type=float, default=20, help="time for each target (default 20)")
    parser.add_argument("--seed", type=int, default=1, help="where the mutations start (default 1)")
    parser.add_argument("targets", nargs="*", metavar="target", help=", ".join(t.name for t in TARGETS))
    options = parser.parse_args()
    unknown = set(options.targets) - {target.name for target in TARGETS}
    if unknown:
        parser.error(f"no such target: {', '.join(sorted(unknown))}")

    failed = False
    for target in TARGETS:
        if options.targets and target.name not in options.targets:
            continue
        tried, crash = fuzz(target, options.seconds, options.seed)
        print(f"{target.name}: {tried} inputs, {f'broken by {crash}' if crash else 'sound'}", flush=True)
        failed |= crash is not None
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
