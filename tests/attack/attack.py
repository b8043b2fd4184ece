"""An attack: a name, what it does, and a function that does it for some seconds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.attack.target import Outcome, Target

Run = Callable[[Target, float], Outcome]


@dataclass(frozen=True, slots=True)
class Attack:
    """An attack as a process of its own runs it, at what a core can send."""

    name: str
    about: str
    run: Run
    needs_root: bool = False
    """True when it forges addresses, which only root may."""
