"""Which of a producer's streams a consumer gets: a pure decision, made anew whenever its grounds change."""

from __future__ import annotations

from collections.abc import Sequence


def target_encoding(active: Sequence[bool], preferred: int) -> int:
    """The encoding to send, out of `active` (one flag an encoding, lowest quality first).

    The highest one that lives and is not above `preferred`; when none does, the lowest that lives, since a
    larger picture is better than none; when nothing lives yet, the lowest, which browsers start first.
    """
    wanted = [index for index, lives in enumerate(active) if lives and index <= preferred]
    if wanted:
        return wanted[-1]
    return next((index for index, lives in enumerate(active) if lives), 0)
