"""Checks of what confines workers: whoever takes one over has what it has."""

from __future__ import annotations

from collections.abc import Iterator

from mediad.ctl.doctor.facts import Facts
from mediad.ctl.doctor.finding import Check, Finding, ok, warning


def confinement(facts: Facts) -> Iterator[Finding]:
    """Judge the least confined worker; older daemons do not tell."""
    workers = facts.daemon.workers if facts.daemon is not None else []
    told = [worker["confinement"] for worker in workers if worker.get("confinement") is not None]
    if not told:
        return
    if any(one["off"] for one in told):
        text = "workers are not confined: whoever takes one over can do what mediad's user can"
        yield warning("confinement", text, 'remove confinement = "off" from the settings, and restart')
        return
    lists, landlock = {one["seccomp"] for one in told}, min(one["landlock"] for one in told)
    if "own" not in lists or len(lists) > 1:
        what = "that of systemd or the container" if lists == {"inherited"} else "none"
        text = f"workers have no list of system calls of their own, but {what}"
        advice = (
            "`apt-get install libseccomp2`, `pip install pyseccomp`, and SystemCallFilter= as in our unit"
        )
        yield warning("confinement", text, advice)
    if landlock == 0:
        text = "nothing restricts the files that workers can open but the rights of their user (no Landlock)"
        advice = "boot a kernel of 5.13 or newer with landlock in lsm=, and allow it in SystemCallFilter="
        yield warning("confinement", text, advice)
    elif lists == {"own"}:
        yield ok("confinement", f"workers are confined by their own list and Landlock (version {landlock})")


CHECKS: tuple[Check, ...] = (confinement,)
