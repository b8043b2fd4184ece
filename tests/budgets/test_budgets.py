"""Budgets: the rates of the catalogue, charged to holders, and refusals that are counted."""

from __future__ import annotations

from mediad.budgets.budgets import Budgets
from mediad.budgets.catalogue import RATES
from mediad.budgets.holders import holders_at
from mediad.budgets.refusal import Refusal

HOME = holders_at("192.0.2.7")


def test_a_burst_passes_and_more_is_refused_with_reason_and_time() -> None:
    budgets = Budgets({"joins": 1})
    told: list[Refusal] = []
    budgets.on_refused = told.append
    burst = int(RATES["joins"].burst_s)
    assert all(budgets.spend("joins", HOME, 5.0) is None for _ in range(burst))
    refusal = budgets.spend("joins", HOME, 5.0)
    assert refusal is not None
    assert told == [refusal]
    assert (refusal.limit, refusal.current, refusal.maximum) == ("joins", burst, burst)
    assert refusal.status == 429
    assert refusal.retry_after_s == 1.0
    assert refusal.holder == "192.0.2.7"
    assert budgets.refused == {"joins": 1}


def test_the_defaults_let_an_office_of_500_behind_one_address_in_at_once() -> None:
    budgets = Budgets()
    for _ in range(500):
        for name, often in (("connects", 7), ("http_requests", 30), ("joins", 2), ("transports", 4)):
            assert budgets.spend(name, HOME, 0.0, often) is None, name
        assert budgets.spend("messages", HOME, 0.0, 60) is None


def test_a_check_charges_nobody() -> None:
    budgets = Budgets({"refused_tokens": 0.01})
    for _ in range(3):
        assert budgets.check("refused_tokens", HOME, 0.0) is None
    assert budgets.spend("refused_tokens", HOME, 0.0) is None
    refusal = budgets.check("refused_tokens", HOME, 0.0)
    assert refusal is not None
    assert round(refusal.retry_after_s) == 100


def test_a_token_is_charged_wherever_it_comes_from() -> None:
    budgets = Budgets({"joins": 1})
    for n in range(int(RATES["joins"].burst_s)):
        assert budgets.spend("joins", holders_at(f"192.0.2.{n}", "shared"), 0.0) is None
    refusal = budgets.spend("joins", holders_at("198.51.100.1", "shared"), 0.0)
    assert refusal is not None
    assert refusal.holder.startswith("token ")
    assert budgets.spend("joins", holders_at("198.51.100.1"), 0.0) is None


def test_new_rates_and_back_to_the_catalogue() -> None:
    budgets = Budgets({"joins": 2})
    assert budgets.rate("joins") == (2, 2 * RATES["joins"].burst_s)
    budgets.set_rates({})
    assert budgets.rate("joins") == (RATES["joins"].per_s, RATES["joins"].burst)


def test_the_holder_nearest_to_a_limit() -> None:
    budgets = Budgets()
    budgets.spend("joins", HOME, 1.0, 3)
    budgets.spend("joins", holders_at("192.0.2.8"), 1.0)
    holder, used = budgets.nearest("joins", 1.0) or ("", 0)
    assert (holder, round(used, 6)) == ("192.0.2.7", 3.0)
