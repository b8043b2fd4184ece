"""Ceilings: what an operator has withdrawn from peers of a room, which no new token of theirs gives back.

A ceiling is for a peer id, as long as the room lives: so a client cannot win back what it has lost by
connecting again. What an operator gave beyond a token ends with the connection.
"""

from __future__ import annotations

from typing import Any

from mediad.errors import Full
from mediad.rooms.grants import ALL, Grants
from mediad.words import plural

MOST = 4096
"""The most peers of one room from which something can be withdrawn."""


class Ceilings:
    """The ceilings of one room."""

    def __init__(self) -> None:
        self._of: dict[str, Grants] = {}

    def __len__(self) -> int:
        return len(self._of)

    def limit(self, peer_id: str, grants: Grants) -> Grants:
        """Return what is left of a token's grants."""
        ceiling = self._of.get(peer_id)
        return grants if ceiling is None else grants.narrowed(ceiling)

    def note(self, peer_id: str, changes: dict[str, Any]) -> None:
        """Note what an operator has said of a peer. Raises Full when too much is noted already."""
        kept = {name: value for name, value in changes.items() if name != "expires_at_s"}
        ceiling = self._of.get(peer_id, ALL).changed(**kept)
        if ceiling == ALL:
            self._of.pop(peer_id, None)
        elif peer_id in self._of or len(self._of) < MOST:
            self._of[peer_id] = ceiling
        else:
            most = plural(MOST, "peer")
            raise Full(f"something is withdrawn from {most} of this room already: give some back")
