"""Holdings: counts by holder that come and go."""

from __future__ import annotations

from mediad.budgets.holdings import Holdings


def test_holders_are_counted_and_forgotten_with_their_last() -> None:
    holdings = Holdings()
    for holder in ("a", "b", "a"):
        holdings.add(holder)
    assert (holdings.count, holdings.of("a"), holdings.of("b"), holdings.of("c")) == (3, 2, 1, 0)
    assert holdings.most_of(1) == [("a", 2)]
    for holder in ("a", "b", "a"):
        holdings.remove(holder)
    assert (holdings.count, holdings.of("a"), holdings.most_of(3)) == (0, 0, [])
