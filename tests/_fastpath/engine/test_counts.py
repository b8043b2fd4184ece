"""Counts: numbers without holes, so that each has a name and a place."""

from __future__ import annotations

import pytest

from mediad._fastpath.engine.counts import Counter, Drop


@pytest.mark.parametrize("enum", [Counter, Drop])
def test_the_numbers_have_no_holes_and_the_last_counts_them(enum: type[Counter] | type[Drop]) -> None:
    members = list(enum.__members__.items())
    assert [int(member) for _, member in members] == list(range(len(members)))
    assert members[-1][0].endswith("_COUNT")
