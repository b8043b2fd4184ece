"""Saying what a check is to find."""

from __future__ import annotations

from mediad.ctl.doctor.checks import examine
from mediad.ctl.doctor.facts import Facts
from mediad.ctl.doctor.finding import Level


def faults(facts: Facts) -> list[tuple[str, str, str]]:
    """Level, check and text of all that is not in order. Each has advice."""
    found = [finding for finding in examine(facts) if finding.level > Level.OK]
    assert all(finding.advice for finding in found)
    return [(finding.level.name.lower(), finding.check, finding.text) for finding in found]


def only_fault(facts: Facts, level: str, check: str, *words: str) -> None:
    """Assert that there is this one fault, and that its text has all `words`."""
    (found,) = faults(facts)
    assert found[:2] == (level, check)
    for word in words:
        assert word in found[2]


def fault(facts: Facts, level: str, check: str, *words: str) -> None:
    """Assert that there is this fault, among others."""
    texts = [found[2] for found in faults(facts) if found[:2] == (level, check)]
    assert any(all(word in text for word in words) for text in texts), texts


def in_order(facts: Facts, check: str) -> list[str]:
    """Return the findings of a check that are in order."""
    return [f.text for f in examine(facts) if f.check == check and f.level == Level.OK]
