"""What the doctor has to say about one thing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum

from mediad.ctl.doctor.facts import Facts


class Level(IntEnum):
    """How bad it is."""

    OK = 0
    WARNING = 1
    """It works, but worse than it could, or not for everybody, or not for long."""
    ERROR = 2
    """It does not work."""


@dataclass(frozen=True, slots=True)
class Finding:
    level: Level
    check: str
    """A name that stays, for scripts."""
    text: str
    advice: str = ""
    """What to do about it; never empty for a warning or an error."""


Check = Callable[[Facts], Iterator[Finding]]


def ok(check: str, text: str) -> Finding:
    return Finding(Level.OK, check, text)


def warning(check: str, text: str, advice: str) -> Finding:
    return Finding(Level.WARNING, check, text, advice)


def error(check: str, text: str, advice: str) -> Finding:
    return Finding(Level.ERROR, check, text, advice)
