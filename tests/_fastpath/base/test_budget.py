from __future__ import annotations

from tests.windows.values import BudgetWindow


def test_a_burst_and_then_what_is_earned() -> None:
    budget = BudgetWindow()
    assert [budget.take(1000, 5, 10_000) for _ in range(6)] == 5 * [True] + [False]
    assert not budget.take(1000, 5, 10_999)
    assert budget.take(1000, 5, 11_000)
    assert not budget.take(1000, 5, 11_000)
    assert [budget.take(1000, 5, 13_500) for _ in range(3)] == [True, True, False]


def test_no_more_than_a_burst_is_ever_saved() -> None:
    budget = BudgetWindow()
    budget.take(1000, 5, 10_000)
    assert sum(budget.take(1000, 5, 10**12) for _ in range(100)) == 5


def test_a_refusal_costs_nothing() -> None:
    budget = BudgetWindow()
    for _ in range(5):
        budget.take(1000, 5, 0)
    for _ in range(100):
        assert not budget.take(1000, 5, 0)
    assert budget.take(1000, 5, 1000)


def test_a_rate_is_kept() -> None:
    budget = BudgetWindow()
    taken = sum(budget.take(1000, 5, now_us) for now_us in range(0, 1_000_000, 37))
    assert 1000 <= taken <= 1005
