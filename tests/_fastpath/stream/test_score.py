"""The health of a stream as one digit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.windows.receiving import Scores, delivery_score


@pytest.mark.parametrize(
    ("expected", "lost", "repaired", "score"),
    [
        (100, 0, 0, 10),
        (100, 1, 0, 10),  # 0.99^4 = 0.961
        (100, 5, 0, 8),  # 0.95^4 = 0.815
        (100, 10, 0, 7),  # 0.9^4 = 0.656
        (100, 50, 0, 1),  # 0.5^4 = 0.0625
        (100, 100, 0, 0),
        (100, 300, 0, 0),
        (1, 0, 0, 10),
        (100, 0, 10, 9),  # each repair weighs 1/1.1^4 = 0.683: 0.968^4 = 0.879
        (100, 0, 100, 0),  # 1/2^4 delivered
        (100, 10, 10, 6),  # 1 - 0.1 - 0.0317 = 0.868; ^4 = 0.568
    ],
)
def test_delivery(expected: int, lost: int, repaired: int, score: int) -> None:
    assert delivery_score(expected, lost, repaired) == score


@given(st.lists(st.integers(0, 10), min_size=1, max_size=60))
def test_smoothing_weighs_the_last_24_by_their_age(values: list[int]) -> None:
    scores = Scores()
    result = [scores.add(value) for value in values][-1]
    kept = values[-24:]
    weights = range(1, len(kept) + 1)
    mean = sum(weight * value for weight, value in zip(weights, kept, strict=True)) / sum(weights)
    assert result == int(mean + 0.5)
