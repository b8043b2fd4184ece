"""Checks of recording: could a room be recorded now?"""

from __future__ import annotations

from collections.abc import Iterator

from mediad.ctl.doctor.facts import Facts
from mediad.ctl.doctor.finding import Check, Finding, error, ok, warning
from mediad.ctl.render import size


def recording(facts: Facts) -> Iterator[Finding]:
    """Judge the place of recordings; where there is none, nobody wants any."""
    told = facts.daemon.recording if facts.daemon is not None else None
    if told is None or told.directory is None:
        return
    if told.problem is None:
        text = f"rooms can be recorded to {told.directory}, where {size(told.free_bytes)} are free"
        yield ok("recording", text)
        return
    what, _, advice = told.problem.partition(": ")
    # the default directory of the unit is there whether anybody records or not
    judge = error if told.wanted else warning
    yield judge("recording", f"rooms cannot be recorded: {what}", advice)


CHECKS: tuple[Check, ...] = (recording,)
