"""Clients that send more than they may."""

from __future__ import annotations

from mediad.worker.policy.overuse import LOOKS, Overuse

LIMIT = 500_000


def test_far_too_much_for_a_while_is_noted_and_again_after_as_long() -> None:
    overuse = Overuse()
    assert [overuse.look(1_100_001, LIMIT) for _ in range(2 * LOOKS)] == [False, False, True] * 2


def test_a_moment_is_forgiven() -> None:
    overuse = Overuse()
    assert not any(overuse.look(bps, LIMIT) for bps in (9_000_000, 9_000_000, 400_000) * 4)


def test_twice_as_much_and_small_limits_of_sound_are_no_overuse() -> None:
    overuse = Overuse()
    assert not any(overuse.look(1_100_000, LIMIT) for _ in range(9))
    assert not any(overuse.look(110_000, 16_000) for _ in range(9))


def test_without_a_limit_nothing_is_too_much() -> None:
    overuse = Overuse()
    assert not any(overuse.look(10**9, 0) for _ in range(9))
