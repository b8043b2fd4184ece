"""Messages that cannot be read at one end of the pipes, counted by kind, and logged once for each name."""

from __future__ import annotations

from collections import Counter
from typing import Literal

Kind = Literal["request", "unknown_request", "reply", "event", "unknown_event"]
"""`request`, `reply`, `event`: fields are missing or wrong. `unknown_…`: no message has this name here."""

MAX_NAMES = 256
"""Names that are remembered; a far end that makes up more of them is not logged any more."""


class Misfits:
    """The misfits of one end."""

    def __init__(self, *kinds: Kind) -> None:
        """`kinds` are those that this end may meet; their counts begin at 0."""
        self.counts: Counter[str] = Counter(dict.fromkeys(kinds, 0))
        self._names: set[tuple[Kind, str]] = set()

    def count(self, kind: Kind, name: str) -> bool:
        """Count one more; whether it is the first of this name, and worth a line in the log."""
        self.counts[kind] += 1
        if (kind, name) in self._names or len(self._names) >= MAX_NAMES:
            return False
        self._names.add((kind, name))
        return True
