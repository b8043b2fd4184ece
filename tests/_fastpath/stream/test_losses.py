"""Loss above what the path loses by itself."""

from __future__ import annotations

import pytest

from tests.windows.bandwidth import Losses

INTERVAL_US = 500_000


class Watched:
    """Feeds whole intervals of 100 packets."""

    def __init__(self) -> None:
        self.losses = Losses()
        self.now_us = 1_000_000
        assert self.losses.update(self.now_us) is None

    def interval(self, lost: int) -> tuple[float, float]:
        for i in range(100):
            self.losses.add(i < lost)
        self.now_us += INTERVAL_US
        result = self.losses.update(self.now_us)
        assert result is not None
        return result


def test_at_first_all_loss_counts() -> None:
    watched = Watched()
    assert watched.interval(15) == pytest.approx((0.15, 0.15))


def test_steady_loss_becomes_the_paths_own() -> None:
    watched = Watched()
    for _ in range(4):
        watched.interval(15)
    assert watched.interval(15) == pytest.approx((0.15, 0.0))
    assert watched.interval(30) == pytest.approx((0.30, 0.15))


def test_after_a_clean_time_all_loss_counts_again() -> None:
    watched = Watched()
    for _ in range(6):
        watched.interval(15)
    watched.interval(0)
    assert watched.interval(15) == pytest.approx((0.15, 0.15))


def test_no_path_owns_more_than_a_quarter() -> None:
    watched = Watched()
    for _ in range(12):
        watched.interval(60)
    assert watched.interval(60) == pytest.approx((0.60, 0.35))


def test_an_interval_needs_time_and_packets() -> None:
    losses = Losses()
    losses.update(1_000_000)
    for _ in range(10):
        losses.add(False)
    assert losses.update(1_400_000) is None
    assert losses.update(1_600_000) is None  # ten packets are no measure
    assert losses.update(3_000_000) == (0.0, 0.0)  # but after two seconds they must do


def test_what_came_late_was_not_lost() -> None:
    losses = Losses()
    losses.update(1_000_000)
    for i in range(20):
        losses.add(i < 2)
    losses.found()
    losses.found()
    losses.found()
    assert losses.update(1_600_000) == (0.0, 0.0)


def test_more_than_a_tenth_above_the_paths_own_is_high() -> None:
    watched = Watched()
    watched.interval(10)
    assert not watched.losses.high
    watched.interval(21)
    assert watched.losses.high
