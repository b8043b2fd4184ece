"""Attacks of a kind, all at once: nothing ends, memory is bounded, no answer is larger, people still get in.

How much a call suffers is judged by scripts/chaos, on a machine that does nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.attack import flood
from tests.attack.arena import Arena, arena
from tests.attack.attack import Attack
from tests.attack.attacks import MODULES
from tests.attack.figures import robustness

SECONDS = 4.0
KINDS = {module.__name__.rpartition(".")[2]: module.ATTACKS for module in MODULES}


@pytest.fixture(scope="module")
def place() -> Iterator[Arena]:
    with arena() as place:
        place.rest(2)
        yield place


@pytest.mark.parametrize("attacks", KINDS.values(), ids=KINDS)
def test_a_kind_of_attacks(place: Arena, attacks: tuple[Attack, ...]) -> None:
    names = [attack.name for attack in attacks if flood.may_forge() or not attack.needs_root]
    fought = place.fight(names, SECONDS)
    assert fought.outcome.sent > 0
    assert robustness(fought) == []
    assert fought.seen.joins_s or not fought.seen.failed, fought.seen.failed
    assert fought.seen.loss < 1


def test_all_who_come_afterwards_get_in(place: Arena) -> None:
    seen = place.rest(4)
    assert seen.joins_s
    assert seen.failed == []
    assert seen.lost < seen.sent / 10
