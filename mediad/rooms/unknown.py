"""Unknown: the error for an id that names nothing the peer has, kept in parts for dialects to spell."""

from __future__ import annotations

from mediad.errors import NotFound


class Unknown(NotFound):
    """Error: the peer has no entity of this kind and id."""

    def __init__(self, kind: str, entity_id: str) -> None:
        super().__init__(f'{kind} with id "{entity_id}" not found')
        self.kind = kind
        self.entity_id = entity_id
