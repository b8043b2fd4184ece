"""One-time tokens: used once, forgotten when they expire, and never a table that one owner fills."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediad.tokens.refusal import Cause, TokenRefused
from mediad.tokens.spent import Spent


def spend(
    spent: Spent, jti: str, issuer: str = "", room: str = "r", ends_s: float = 100, now_s: float = 0
) -> str:
    try:
        spent.spend(issuer, jti, room, ends_s, now_s)
    except TokenRefused as refused:
        return refused.cause.value
    return "ok"


def test_once_is_once() -> None:
    spent = Spent()
    assert [spend(spent, "a"), spend(spent, "a"), spend(spent, "b")] == ["ok", "used", "ok"]
    assert spend(spent, "a", room="another") == "used"
    assert spend(spent, "a", issuer="another") == "ok"
    assert spent.is_spent("", "a", 99)
    assert not spent.is_spent("", "c", 99)


def test_texts_are_not_mixed_up() -> None:
    spent = Spent()
    assert [spend(spent, "bc", issuer="a"), spend(spent, "c", issuer="ab")] == ["ok", "ok"]


def test_what_has_expired_is_forgotten() -> None:
    spent = Spent()
    for number in range(50):
        spend(spent, str(number), ends_s=10 + number)
    assert len(spent) == 50
    assert not spent.is_spent("", "0", 10)
    assert spent.is_spent("", "1", 10)
    spend(spent, "x", now_s=1000, ends_s=1001)
    assert len(spent) == 1


def test_one_owner_leaves_room_for_the_others() -> None:
    spent = Spent(capacity=100)
    greedy = [spend(spent, str(number)) for number in range(100)]
    assert (greedy.count("ok"), greedy[-1]) == (50, Cause.FULL)
    assert spend(spent, "x", room="other") == "ok"
    assert spend(spent, "y", issuer="other") == "ok"
    second = [spend(spent, f"s{number}", room="second") for number in range(100)]
    assert second.count("ok") == 24
    assert spend(spent, "z", room="third") == "ok"


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 3), st.integers(1, 30)), max_size=80))
def test_memory_is_bounded_and_no_token_counts_twice(uses: list[tuple[int, int, int]]) -> None:
    spent, ends = Spent(capacity=20), dict[str, float]()
    for now_s, (jti, room, life_s) in enumerate(uses):
        outcome = spend(spent, str(jti), room=str(room), ends_s=now_s + life_s, now_s=now_s)
        assert (outcome == "used") == (ends.get(str(jti), 0) > now_s)
        if outcome == "ok":
            ends[str(jti)] = now_s + life_s
        assert len(spent) <= 20
    with pytest.raises(TokenRefused):
        Spent(capacity=0).spend("", "a", "r", 1, 0)
