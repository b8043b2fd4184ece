"""A finding of the doctor: one thing, how bad it is, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum

from mediad.ctl.doctor.facts import Facts


class Level(IntEnum):
    """The severity of a finding."""

    OK = 0
    WARNING = 1
    """The thing works, but worse than it could, or not for every client, or not for long."""
    ERROR = 2
    """The thing does not work."""


@dataclass(frozen=True, slots=True)
class Finding:
    level: Level
    check: str
    """A name that stays the same in later versions, for scripts."""
    text: str
    advice: str = ""
    """The remedy; never empty for a warning or an error."""


Check = Callable[[Facts], Iterator[Finding]]


def ok(check: str, text: str) -> Finding:
    return Finding(Level.OK, check, text)


def warning(check: str, text: str, advice: str) -> Finding:
    return Finding(Level.WARNING, check, text, advice)


def error(check: str, text: str, advice: str) -> Finding:
    return Finding(Level.ERROR, check, text, advice)
