"""Dividing bandwidth anew: at once the first time, then once a turn, and less often for what others cause."""

from __future__ import annotations

from mediad.worker.transports.review_plan import PATIENCE_US, ReviewPlan
from tests.support.fake_clock import FakeClock


class Planned:
    """Notes when the division was made, from the start on."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.start_us = self.clock.now_us()
        self.reviews: list[int] = []
        self.plan = ReviewPlan(lambda now_us: self.reviews.append(now_us - self.start_us), self.clock)

    def pass_us(self, us: int) -> None:
        self.clock.pass_s(us / 1e6)


def test_a_single_change_is_answered_at_once() -> None:
    planned = Planned()
    planned.plan.ask(patient=True)
    planned.pass_us(1)
    planned.plan.ask(patient=False)
    planned.pass_us(10 * PATIENCE_US)
    assert planned.reviews == [0, 1]


def test_many_changes_in_one_turn_are_two_divisions() -> None:
    planned = Planned()
    for _ in range(100):
        planned.plan.ask(patient=False)
    planned.pass_us(10 * PATIENCE_US)
    assert planned.reviews == [0, 0]


def test_what_others_cause_is_answered_five_times_a_second_and_the_last_in_the_end() -> None:
    planned = Planned()
    for _ in range(1000):
        planned.plan.ask(patient=True)
        planned.pass_us(1_000)
    last_us = planned.clock.now_us() - planned.start_us
    planned.pass_us(10 * PATIENCE_US)
    assert len(planned.reviews) == 6
    assert planned.reviews[-1] >= last_us - 1_000


def test_ones_own_change_does_not_wait_for_what_others_cause() -> None:
    planned = Planned()
    planned.plan.ask(patient=True)
    planned.pass_us(1_000)
    planned.plan.ask(patient=True)
    planned.pass_us(1_000)
    planned.plan.ask(patient=False)
    planned.pass_us(10 * PATIENCE_US)
    assert planned.reviews == [0, 2_000]


def test_nothing_is_divided_for_who_is_gone() -> None:
    planned = Planned()
    for _ in range(3):
        planned.plan.ask(patient=False)
    planned.plan.cancel()
    planned.pass_us(10 * PATIENCE_US)
    assert planned.reviews == [0]
