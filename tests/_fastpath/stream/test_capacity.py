"""The capacity of a path, as overuse tells it."""

from __future__ import annotations

import pytest

from tests.windows.bandwidth import Capacity


def test_a_new_capacity_is_unknown() -> None:
    capacity = Capacity()
    capacity.exceed(1e9)
    assert capacity.bps == 0


def test_the_first_overuse_tells_the_capacity() -> None:
    capacity = Capacity()
    capacity.learn(1_000_000)
    assert (capacity.bps, capacity.variance) == (1_000_000, 0.4)


def test_the_next_ones_are_smoothed() -> None:
    capacity = Capacity()
    capacity.learn(1_000_000)
    capacity.learn(1_010_000)
    assert capacity.bps == pytest.approx(1_000_500)
    assert capacity.variance == 0.4


@pytest.mark.parametrize(("arrival_bps", "variance"), [(1_000_000, 0.4), (1_500_000, 2.5)])
def test_the_variance_has_bounds(arrival_bps: float, variance: float) -> None:
    capacity = Capacity()
    capacity.learn(1_000_000)
    for _ in range(3):
        capacity.learn(arrival_bps)
    assert capacity.variance == pytest.approx(variance)


def test_far_less_at_overuse_is_another_path() -> None:
    capacity = Capacity()
    capacity.learn(1_000_000)
    capacity.learn(900_000)
    assert (capacity.bps, capacity.variance) == (900_000, 0.4)


def test_more_without_overuse_makes_it_unknown() -> None:
    capacity = Capacity()
    capacity.learn(1_000_000)
    capacity.exceed(1_059_000)  # three deviations are 60 000
    assert capacity.bps == 1_000_000
    capacity.exceed(1_061_000)
    assert capacity.bps == 0
