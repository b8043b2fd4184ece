"""One client's budget in fake time: a burst, then so much a second, then the end of patience."""

from __future__ import annotations

from mediad.signaling.server.input_budget import PRICES, InputBudget, InputLimits

S = 1_000_000
LIMITS = InputLimits(burst_us=100_000, per_s_us=10_000, light_us=20_000, patience_s=10)


def test_a_burst_then_the_rate() -> None:
    budget = InputBudget(LIMITS)
    budget.charge(100_000, 0)
    assert budget.wait_us(0) == 0
    budget.charge(1_000, 0)
    wait_us = budget.wait_us(0)
    assert 100_000 <= wait_us <= 100_001
    assert budget.wait_us(wait_us) == 0


def test_use_is_forgotten() -> None:
    budget = InputBudget(LIMITS)
    budget.charge(30_000, 0)
    assert not budget.is_light(0)
    assert budget.is_light(1 * S + 1)
    assert budget.used_us(100 * S) == 0


def flood(budget: InputBudget, from_s: float, to_s: float) -> bool:
    """Use all there is at every moment; whether that was the end."""
    at_us = int(from_s * S)
    while at_us < to_s * S:
        wait_us = budget.wait_us(at_us)
        if budget.exhausted(at_us):
            return True
        at_us += wait_us
        budget.charge(2_000, at_us)
    return False


def test_who_keeps_on_is_told_so_after_ten_seconds() -> None:
    budget = InputBudget(LIMITS)
    assert not flood(budget, 0, 9)
    assert flood(budget, 9, 12)


def test_who_stops_in_between_may_begin_again() -> None:
    budget = InputBudget(LIMITS)
    for beginning_s in (0, 12, 24, 36):
        assert not flood(budget, beginning_s, beginning_s + 8)


def test_honest_bursts_fit_in() -> None:
    """All videos of a room of 1 000 paused at once; a join of 500 producers answered."""
    for messages in (1000, 500):
        budget = InputBudget(InputLimits())
        budget.charge(PRICES.input_us(messages, messages, messages * 150), 0)
        assert budget.wait_us(0) == 0


def test_every_kind_of_flood_ends_in_the_same_budget() -> None:
    """Each kind costs more in a second, as fast as one core can send it, than is given in a second."""
    for frames, messages, size_bytes in (
        (500_000, 0, 3_000_000),  # empty fragments
        (60_000, 0, 8_000_000),  # pings
        (60_000, 60_000, 5_000_000),  # tiny requests
        (100, 100, 96_000_000),  # large ones
        (1000, 0, 300_000_000),
    ):
        assert PRICES.input_us(frames, messages, size_bytes) > 10 * InputLimits().per_s_us
