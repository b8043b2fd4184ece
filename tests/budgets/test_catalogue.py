"""The catalogue: names that are labels, and settings that exist."""

from __future__ import annotations

import re

from mediad.budgets.catalogue import CAPS, LIMITS, RATES


def test_names_are_labels_and_told_once() -> None:
    assert all(re.fullmatch(r"[a-z][a-z_]+", name) for name in LIMITS)
    assert len(LIMITS) == len(RATES) + len(CAPS)


def test_every_limit_says_what_to_do() -> None:
    assert all(limit.counts and limit.hint and limit.status in (429, 503) for limit in LIMITS.values())
