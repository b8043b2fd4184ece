from __future__ import annotations

from unittest.mock import Mock

import pytest

from mediad.errors import Full
from mediad.worker.media.objects import Objects


def test_an_object_is_known_until_it_leaves_and_its_handle_until_it_is_closed() -> None:
    objects: Objects[str] = Objects(1, "consumers")
    handle = objects.handles.take()
    objects.enter(handle, "ana", 7)
    objects.lend(handle, Mock(), Mock())
    objects.lend(handle, Mock())
    assert (len(objects), objects.observers[handle], objects.transport_of(handle)) == (1, "ana", 7)
    assert objects.leave(handle)
    assert not objects.leave(handle)
    assert (len(objects), objects.transport_of(handle), objects.lent(handle)) == (0, 0, 3)
    with pytest.raises(Full, match="1 consumers"):
        objects.handles.take()
    objects.closed(handle)
    assert objects.lent(handle) == 0
    assert objects.handles.take() != handle


def test_what_is_lent_is_taken_back_at_the_end() -> None:
    objects: Objects[str] = Objects(2, "transports")
    for handle in (1, 2):
        objects.lend(handle, Mock())
    objects.take_back()
    assert (objects.lent(1), objects.lent(2)) == (0, 0)
