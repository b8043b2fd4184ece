"""Holdings: how much of something each holder has now. Only those that have any are kept."""

from __future__ import annotations

from collections import Counter


class Holdings:
    """The numbers of one kind of thing, by holder; something else bounds how many things there are."""

    def __init__(self) -> None:
        self.count = 0
        self._held: Counter[str] = Counter()

    def of(self, holder: str) -> int:
        return self._held.get(holder, 0)

    def add(self, holder: str) -> None:
        self.count += 1
        self._held[holder] += 1

    def remove(self, holder: str) -> None:
        self.count -= 1
        self._held[holder] -= 1
        if not self._held[holder]:
            del self._held[holder]

    def most_of(self, number: int) -> list[tuple[str, int]]:
        """Return this number of holders that have most, and how many each has."""
        return self._held.most_common(number)
