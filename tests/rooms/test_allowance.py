from __future__ import annotations

from mediad.rooms.allowance import Allowance


def taken(allowance: Allowance, now_s: float) -> int:
    """Return how many can be taken at this moment."""
    count = 0
    while allowance.take(now_s):
        count += 1
    return count


def test_what_is_used_up_comes_back_with_time() -> None:
    allowance = Allowance(3, per_s=2.0)
    assert taken(allowance, 100.0) == 3
    assert taken(allowance, 100.4) == 0
    assert taken(allowance, 100.5) == 1
    assert taken(allowance, 1000.0) == 3
