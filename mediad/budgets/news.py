"""News of refusals: one for each limit and holder at a time, with the number of those that it stands for.

A flood of refusals must not become one of events and log lines. Memory is bounded whoever is refused: of each
limit a few holders are told apart, and all others are one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mediad.budgets.refusal import Refusal

TOLD_S = 60.0
"""The shortest time between two news of the same limit and holder."""

HOLDERS = 8
"""The holders of one limit that are told apart."""

OTHERS = "others"


@dataclass(slots=True)
class _Story:
    told_s: float
    last: Refusal
    untold: int = 0


class RefusalNews:
    """The refusals that are told, and those that wait to be."""

    def __init__(self) -> None:
        self._stories: dict[str, dict[str, _Story]] = {}

    def note(self, refusal: Refusal, now_s: float) -> bool:
        """Note a refusal; True when it is to be told at once, and False when it waits for `due`."""
        stories = self._stories.setdefault(refusal.limit, {})
        holder = refusal.holder
        if holder not in stories and len(stories) >= HOLDERS:
            holder = OTHERS
        story = stories.get(holder)
        if story is None:
            stories[holder] = _Story(now_s, refusal)
            return True
        story.last = refusal
        story.untold += 1
        return False

    @property
    def waiting(self) -> bool:
        """True while some refusal is remembered; then `due` has to be called in a while."""
        return bool(self._stories)

    def due(self, now_s: float) -> Iterator[tuple[Refusal, str, int]]:
        """Yield the last refusal, the holder and the number of those that are to be told now.

        What has not happened again since it was told is forgotten.
        """
        for limit, stories in list(self._stories.items()):
            for holder, story in list(stories.items()):
                if now_s < story.told_s + TOLD_S:
                    continue
                if not story.untold:
                    del stories[holder]
                    continue
                yield story.last, holder, story.untold
                story.told_s, story.untold = now_s, 0
            if not stories:
                del self._stories[limit]
