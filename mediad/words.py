"""Numbers as people read them in a sentence."""

from __future__ import annotations


def plural(count: int, what: str) -> str:
    """The count and its word: `1 room`, `2 rooms`."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
