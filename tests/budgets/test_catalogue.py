"""The catalogue: names that are labels, and settings that exist."""

from __future__ import annotations

import re
from pathlib import Path

from mediad.budgets.catalogue import CAPS, LIMITS, RATES, WORKER_CAPS


def test_names_are_labels_and_told_once() -> None:
    assert all(re.fullmatch(r"[a-z][a-z_]+", name) for name in LIMITS)
    assert len(LIMITS) == len(RATES) + len(CAPS)


def test_every_limit_says_what_to_do() -> None:
    assert all(limit.counts and limit.hint and limit.status in (429, 503) for limit in LIMITS.values())


def test_the_guide_has_all_limits_with_their_settings_and_defaults() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
    table = guide.partition("\n## Limits\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \|.*\| ([^|]*) \| (?:`(\w+)` )?\|$", table, re.MULTILINE)
    told = {name: setting or None for name, _, setting in rows}
    assert told == {name: limit.setting for name, limit in {**LIMITS, **WORKER_CAPS}.items()}
    for name, default, _ in rows:
        if name in RATES:
            rate, burst = (number.replace(" ", "") for number in re.findall(r"[\d ]*\d", default))
            assert (float(rate), float(burst)) == (RATES[name].per_s, RATES[name].burst), name
