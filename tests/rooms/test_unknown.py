from __future__ import annotations

from mediad.errors import NotFound
from mediad.rooms.unknown import Unknown


def test_it_can_be_read_and_taken_apart() -> None:
    error = Unknown("producer", "7")
    assert isinstance(error, NotFound)
    assert (str(error), error.kind, error.entity_id) == ('producer with id "7" not found', "producer", "7")
