"""Messages that cannot be read at one end of the pipes, counted by kind, and logged once for each name."""

from __future__ import annotations

from collections import Counter
from typing import Literal

Kind = Literal["request", "unknown_request", "reply", "event", "unknown_event"]
"""`request`, `reply`, `event`: fields are missing or wrong. `unknown_…`: no message has this name here."""

MAX_NAMES = 256
"""The number of names that are remembered; misfits with further names are counted, but not logged."""

MAX_NAME = 100
"""Characters by which a name is remembered."""


class Misfits:
    """The misfits of one end."""

    def __init__(self, *kinds: Kind) -> None:
        """Start counting at 0 for each of `kinds`, those that this end may meet."""
        self.counts: Counter[str] = Counter(dict.fromkeys(kinds, 0))
        self._names: set[tuple[Kind, str]] = set()

    def count(self, kind: Kind, name: str) -> bool:
        """Count one more; return True when it is the first of this name, which is then logged."""
        self.counts[kind] += 1
        known = (kind, name[:MAX_NAME])
        if known in self._names or len(self._names) >= MAX_NAMES:
            return False
        self._names.add(known)
        return True
