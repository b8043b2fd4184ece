"""Attacks and faults by name: `python -m tests.attack NAME`, started by scripts/chaos."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence

from tests.attack import figures, flood
from tests.attack.arena import Arena, Fought, arena
from tests.attack.attacks import ATTACKS
from tests.attack.rows import ROWS
from tests.support.browser import chromium
from tests.support.imports import ROOT

IDLE_S, PAUSE_S, REST_S, ROUNDS_PER_REST = 12.0, 1.0, 2.0, 4
ALL, TOGETHER, EVERYTHING = "attacks", "together", "all"
SIDE_BY_SIDE = (
    *("ws-connects", "ws-slowloris", "ws-messages", "ws-junk", "http-requests", "http-big-heads", "tokens"),
    *(
        "stun-integrity",
        "dtls-hellos",
        "rtp-garbage",
        "rtcp-garbage",
        "tcp-junk",
        "tcp-idle",
        "data-messages",
    ),
)
"""The attacks that are played all together: of each kind those that cost most."""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="scripts/chaos",
        description="Attack a daemon of its own during a call, while people join; print figures and bars.",
    )
    made.add_argument("names", nargs="*", metavar="NAME", help="attacks or rows; --list has them")
    made.add_argument("--list", action="store_true", help="what there is")
    made.add_argument("--seconds", type=float, default=6.0, help="of each attack (default 6)")
    return made


def show_list() -> None:
    """Print what can be played."""
    print("Attacks, each for itself:")
    for attack in ATTACKS.values():
        root = " (as root)" if attack.needs_root else ""
        print(f"  {attack.name:18}  {attack.about}{root}")
    print(f"  {ALL:18}  each of them, one after the other")
    print(f"  {TOGETHER:18}  {len(SIDE_BY_SIDE)} of them at once")
    print("\nRows, with what has to hold:")
    for row in ROWS.values():
        print(f"  {row.name:18}  {row.about}: {row.bar}")
        print(f"  {'':18}    {', '.join(row.attacks or row.tests)}")
    print(f"\n  {EVERYTHING:18}  all rows, all attacks, then those at once")


def playable(names: Sequence[str]) -> list[str]:
    """The attacks that this user may play; says which are left out."""
    left_out = [name for name in names if ATTACKS[name].needs_root and not flood.may_forge()]
    if left_out:
        print(f"not root, so addresses cannot be forged, and these are left out: {', '.join(left_out)}")
    return [name for name in names if name not in left_out]


def play(rounds: Sequence[Sequence[str]], seconds: float, *, browsers: bool) -> list[str]:
    """Play attacks, those of a round at once, and return what missed a bar."""
    failed: list[str] = []
    with arena(browsers=browsers) as place:
        place.rest(IDLE_S)
        print(figures.line(figures.HEAD))
        print(figures.idle_line(place.idle, os.getloadavg()[0]), flush=True)
        for number, names in enumerate(rounds):
            fought = _one(place, names, seconds)
            if isinstance(fought, str):
                failed.append("+".join(names))
                print(f"{'+'.join(names)}: {fought}", flush=True)
                continue
            usual_s = figures.usual_join_s(place.idle)
            print(figures.line(figures.cells(fought, usual_s)), flush=True)
            if figures.missed(fought, usual_s):
                failed.append(fought.name if len(names) == 1 else TOGETHER)
            if fought.alive is not None:
                print(place.daemon.log[-2000:])
                break
            time.sleep(PAUSE_S)
            if number % ROUNDS_PER_REST == 0:
                place.rest(REST_S)
        print(figures.idle_line(place.idle, os.getloadavg()[0]))
    if figures.disturbed(place.idle):
        print(
            "calls suffered without an attack too: this machine is too busy to judge anything by the figures"
        )
    return failed


def _one(place: Arena, names: Sequence[str], seconds: float) -> Fought | str:
    try:
        return place.fight(names, seconds)
    except RuntimeError as error:
        return str(error)


def test(names: Sequence[str]) -> list[str]:
    """Run tests and return the names of those rows of which one failed."""
    failed = []
    for name in names:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", *ROWS[name].tests],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        said = done.stdout.strip().splitlines()[-1:] or [done.stderr[-500:]]
        print(
            f"{name:18}  {'ok' if done.returncode == 0 else 'FAILED'}: {said[0]}",
            flush=True,
        )
        if done.returncode != 0:
            failed.append(name)
            print(done.stdout[-3000:])
    return failed


def main() -> int:
    options = parser().parse_args()
    if options.list or not options.names:
        show_list()
        return 0
    known = {*ATTACKS, *ROWS, ALL, TOGETHER, EVERYTHING}
    if unknown := [name for name in options.names if name not in known]:
        print(f"{', '.join(unknown)}: no such attack or row; --list has them", file=sys.stderr)
        return 2
    if chromium() is None:
        print("Chromium is not installed: only a call of the tests' own clients is watched")
    return run(options.names, options.seconds, browsers=chromium() is not None)


def run(names: Sequence[str], seconds: float, *, browsers: bool) -> int:
    """Play what was named; 1 when a bar was missed."""
    wanted = {*names}
    everything = EVERYTHING in wanted
    rows = [row for row in ROWS.values() if everything or row.name in wanted]
    alone = [name for name in ATTACKS if everything or ALL in wanted or name in wanted]
    alone += [name for row in rows for name in row.attacks if name not in alone]
    rounds: list[list[str]] = [[name] for name in playable(alone)]
    if everything or TOGETHER in wanted:
        rounds.append(playable(SIDE_BY_SIDE))
    failed = test([row.name for row in rows if row.tests])
    if rounds:
        failed += play(rounds, seconds, browsers=browsers)
    print(f"\nmissed a bar: {', '.join(failed)}" if failed else "\nall bars are met")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
