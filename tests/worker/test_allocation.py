from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediad.worker.allocation import target_encoding


@pytest.mark.parametrize(
    ("active", "preferred", "target"),
    [
        ("+++", 2, 2),
        ("+++", 1, 1),
        ("+++", 0, 0),
        ("++-", 2, 1),
        ("+-+", 1, 0),
        ("--+", 1, 2),
        ("-++", 0, 1),
        ("---", 2, 0),
        ("-", 0, 0),
        ("+", 3, 0),
    ],
)
def test_targets(active: str, preferred: int, target: int) -> None:
    assert target_encoding([lives == "+" for lives in active], preferred) == target


@given(st.lists(st.booleans(), min_size=1, max_size=4), st.integers(0, 3))
def test_what_is_sent_lives_if_anything_does(active: list[bool], preferred: int) -> None:
    target = target_encoding(active, preferred)
    assert active[target] or not any(active)
    better = [number for number in range(target + 1, len(active)) if number <= preferred]
    assert not any(active[number] for number in better)
