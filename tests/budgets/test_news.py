"""News of refusals: few, with counts that add up, in bounded memory."""

from __future__ import annotations

from mediad.budgets.budgets import cap_refusal
from mediad.budgets.news import HOLDERS, OTHERS, TOLD_S, RefusalNews
from mediad.budgets.refusal import Refusal


def refusal(holder: str, limit: str = "address_rooms") -> Refusal:
    return cap_refusal(limit, 5, 5, holder)


def told(news: RefusalNews, now_s: float) -> list[tuple[str, str, int]]:
    return [(last.limit, holder, count) for last, holder, count in news.due(now_s)]


def test_the_first_is_told_at_once_and_the_rest_as_one() -> None:
    news = RefusalNews()
    assert news.note(refusal("a"), 0.0)
    assert [news.note(refusal("a"), 1.0) for _ in range(1000)] == [False] * 1000
    assert told(news, TOLD_S - 1) == []
    assert told(news, TOLD_S) == [("address_rooms", "a", 1000)]
    assert told(news, TOLD_S + 1) == []


def test_what_does_not_happen_again_is_forgotten() -> None:
    news = RefusalNews()
    news.note(refusal("a"), 0.0)
    assert news.waiting
    assert told(news, TOLD_S) == []
    assert not news.waiting
    assert news.note(refusal("a"), TOLD_S)


def test_limits_and_holders_are_told_apart_up_to_a_number() -> None:
    news = RefusalNews()
    at_once = [news.note(refusal(f"holder {n}"), 0.0) for n in range(5000)]
    assert at_once.count(True) == HOLDERS + 1
    assert news.note(refusal("holder 0", "address_peers"), 0.0)
    counts = {holder: count for _, holder, count in told(news, TOLD_S)}
    assert counts == {OTHERS: 5000 - HOLDERS - 1}
