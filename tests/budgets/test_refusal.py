"""Refusals: short reasons and the header that says when to come again."""

from __future__ import annotations

import pytest

from mediad.budgets.budgets import cap_refusal
from mediad.budgets.catalogue import LIMITS
from mediad.budgets.refusal import OverLimit, Refusal

_CLOSE_REASON_BYTES = 123


def test_the_reason_names_limit_current_maximum_and_hint() -> None:
    refusal = Refusal(limit="joins", current=1000.4, maximum=1000, hint="come later", retry_after_s=1.2)
    assert str(refusal) == "the limit joins is reached, 1000 of 1000: come later"
    assert refusal.headers == {"Retry-After": "2"}
    assert OverLimit(refusal).refusal is refusal
    assert str(OverLimit(refusal)) == str(refusal)


def test_a_cap_tells_a_time_too() -> None:
    assert cap_refusal("address_rooms", 5, 5).headers == {"Retry-After": "10"}


@pytest.mark.parametrize("name", LIMITS)
def test_every_reason_fits_into_a_close_frame(name: str) -> None:
    refusal = cap_refusal(name, 1_000_000, 1_000_000)
    assert len(str(refusal).encode()) <= _CLOSE_REASON_BYTES
