"""The listener that tells nothing."""

from __future__ import annotations

import inspect

from mediad.rooms.listener import PeerListener
from mediad.rooms.quiet_listener import QuietListener


def test_it_hears_all_that_a_room_tells() -> None:
    listener: PeerListener = QuietListener()
    told = {name for name, _ in inspect.getmembers(PeerListener, inspect.isfunction) if name[0] != "_"}
    assert told <= set(dir(listener))
    assert listener.consumer_closed("any") is None  # type: ignore[func-returns-value]
