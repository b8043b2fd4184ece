"""`python -m tests.fuzz [options] [target…]`: see scripts/fuzz."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.fuzz.campaign import Campaign, Plan
from tests.fuzz.minimise import minimise
from tests.fuzz.state import State
from tests.fuzz.target import Target
from tests.fuzz.targets import TARGETS

LONGEST_SLICE_S = 60.0


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description="Changed input into every parser.")
    time = parser.add_mutually_exclusive_group()
    time.add_argument("--seconds", type=float, help="time for each target (default 20)")
    time.add_argument("--minutes", type=float, help="time for all targets together")
    time.add_argument("--hours", type=float, help="time for all targets together")
    parser.add_argument("--jobs", type=int, default=1, help="processes at once (default 1)")
    parser.add_argument("--seed", type=int, default=1, help="where the changes start (default 1)")
    parser.add_argument("--state", action="store_true", help="print what was done at this commit, and end")
    parser.add_argument("--minimise", action="store_true", help="renew the corpora from what was found")
    parser.add_argument("targets", nargs="*", metavar="target", help=", ".join(t.name for t in TARGETS))
    chosen = parser.parse_args()
    if unknown := set(chosen.targets) - {target.name for target in TARGETS}:
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    return chosen


def plan(chosen: argparse.Namespace, targets: Sequence[Target]) -> Plan:
    """Return the time for all, by the clock: so it is known when a run ends, however busy the machine is."""
    each_s = chosen.seconds or 20.0
    total_s = (chosen.minutes or 0) * 60 + (chosen.hours or 0) * 3600 or each_s * len(targets) / chosen.jobs
    slice_s = min(LONGEST_SLICE_S, total_s * chosen.jobs / len(targets))
    return Plan(total_s, slice_s, chosen.jobs, chosen.seed)


def commit(root: Path) -> str:
    """Return the short name of the commit, with a plus when the product's files are changed."""

    def git(*words: str) -> str:
        done = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, check=False)
        return done.stdout.strip()

    return git("rev-parse", "--short=10", "HEAD") + ("+" if git("status", "--porcelain", "mediad") else "")


def main() -> int:
    chosen = options()
    targets = [target for target in TARGETS if not chosen.targets or target.name in chosen.targets]
    root = Path(os.environ["MEDIAD_ROOT"])
    work = root / "build" / "fuzz-state"
    state = State(work / "state.json", commit(root))
    if chosen.minimise:
        for target in targets:
            minimise(target, work)
        return 0
    broken = {} if chosen.state else Campaign(targets, plan(chosen, targets), state, work).run()
    print(*state.table(target.name for target in targets), sep="\n")
    for at, cpu_s in state.cpu_s().items():
        print(f"{cpu_s / 3600:.2f} CPU hours at {at}")
    for name, crash in broken.items():
        print(f"{name} is broken by {crash}: mend it, and leave the file, which is a test from now on")
    return 1 if broken else 0


sys.exit(main())
