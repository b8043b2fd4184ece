"""Ceilings: what is left of tokens when an operator has withdrawn something."""

from __future__ import annotations

import pytest

from mediad.errors import Full
from mediad.rooms.ceilings import MOST, Ceilings
from mediad.rooms.grants import ALL, Grants


def test_a_withdrawal_limits_every_later_token_of_the_peer() -> None:
    ceilings = Ceilings()
    ceilings.note("ana", {"publish": False})
    ceilings.note("ana", {"max_consumers": 3})
    assert ceilings.limit("ana", ALL) == ALL.changed(publish=False, max_consumers=3)
    assert ceilings.limit("ana", Grants(max_consumers=2)) == Grants(publish=False, max_consumers=2)
    assert ceilings.limit("ben", ALL) is ALL


def test_what_is_given_back_limits_no_more_and_takes_no_memory() -> None:
    ceilings = Ceilings()
    ceilings.note("ana", {"publish": False, "sources": frozenset({"audio"})})
    ceilings.note("ana", {"publish": True})
    assert ceilings.limit("ana", ALL) == ALL.changed(sources=frozenset({"audio"}))
    ceilings.note("ana", {"sources": None})
    assert len(ceilings) == 0


def test_what_was_given_beyond_a_token_ends_with_the_connection() -> None:
    ceilings = Ceilings()
    ceilings.note("ana", {"admin": True, "expires_at_s": 1.0})
    assert len(ceilings) == 0
    assert ceilings.limit("ana", Grants()) == Grants()


def test_the_record_has_a_bound() -> None:
    ceilings = Ceilings()
    for number in range(MOST):
        ceilings.note(f"peer-{number}", {"publish": False})
    with pytest.raises(Full, match="4096 peers"):
        ceilings.note("one more", {"publish": False})
    ceilings.note("peer-7", {"subscribe": False})
    assert ceilings.limit("peer-7", ALL) == ALL.changed(publish=False, subscribe=False)
    assert len(ceilings) == MOST
