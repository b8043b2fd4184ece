"""Bars of attacks: each is missed when it should be, and named with its figures."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.attack import figures
from tests.attack.arena import Cost, Fought
from tests.attack.target import Outcome
from tests.attack.witness import Seen, Watched

SEEN = Seen(sent=1000, lost=1, worst_s=0.1, freezes=0, joins_s=[0.05] * 99 + [0.2])
COST = Cost(supervisor_growth_bytes=1 << 20, workers_growth_bytes=0, supervisor_cores=0.5, workers_cores=0.1)
WELL = Fought(
    name="stun-unknown",
    outcome=Outcome(sent=10_000, refused=5),
    seen=SEEN,
    seconds=10,
    cost=COST,
    alive=None,
    load=1,
)


def test_a_good_one() -> None:
    assert figures.missed(WELL, usual_s=0.1) == []
    assert figures.line(figures.cells(WELL, 0.1)).split() == [
        *("stun-unknown", "1,000", "5", "0.10%", "100", "ms", "-", "50", "ms", "200", "ms"),
        *("1", "MiB", "0", "MiB", "0.50+0.10", "1.0", "ok"),
    ]


@pytest.mark.parametrize(
    ("fought", "problem"),
    [
        (replace(WELL, seen=replace(SEEN, lost=2)), "0.20% of the call's packets were lost (at most 0.1%)"),
        (replace(WELL, seen=replace(SEEN, freezes=1, worst_s=0.5)), "the call stood still for 0.50 s"),
        (replace(WELL, seen=replace(SEEN, failed=["x"])), "1 of 101 could not join (x)"),
        (replace(WELL, seen=replace(SEEN, joins_s=[0.21])), "joins took 210 ms (p99, at most 200)"),
        (replace(WELL, alive="a worker was replaced"), "a worker was replaced"),
        (
            replace(WELL, cost=replace(COST, workers_growth_bytes=1 << 30)),
            "workers grew by 1024 MiB (at most 128)",
        ),
        (
            replace(WELL, outcome=Outcome(sent_bytes=100, answered_bytes=150)),
            "1.50 bytes came back for each byte (at most 1)",
        ),
    ],
)
def test_what_was_missed_is_named(fought: Fought, problem: str) -> None:
    assert figures.missed(fought, usual_s=0.1) == [problem]
    assert problem in figures.line(figures.cells(fought, 0.1))


def test_a_busy_machine_is_known_by_the_times_without_attacks() -> None:
    well = Watched(received=10_000, lost=1, frames=100, freezes=0)
    assert not figures.disturbed([SEEN, replace(SEEN, watched=well)])
    assert figures.disturbed([SEEN, replace(SEEN, freezes=1)])
    assert figures.disturbed([replace(SEEN, watched=replace(well, freezes=2))])


def test_a_call_between_browsers_has_bars_of_its_own() -> None:
    seen = replace(SEEN, watched=Watched(received=990, lost=10, frames=100, freezes=1))
    assert figures.missed(replace(WELL, seen=seen), usual_s=0.1) == [
        "1.00% of the packets to Chromium were lost (at most 0.1%)",
        "1 freeze in Chromium",
    ]
    assert "1.00%/1" in figures.line(figures.cells(replace(WELL, seen=seen), 0.1))


def test_what_is_usual_comes_from_all_times_of_rest() -> None:
    assert figures.usual_join_s([SEEN, replace(SEEN, joins_s=[0.9] * 3)]) == 0.9
    assert figures.percentile([], 0.5) is None
