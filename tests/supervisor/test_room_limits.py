"""The limits of rooms: what the settings say, and where they say nothing what the node can hold."""

from __future__ import annotations

from mediad.budgets.budgets import Budgets
from mediad.config.settings import Settings
from mediad.supervisor.front.node_size import NodeSize
from mediad.supervisor.room_limits import room_limits

SIZE = NodeSize(workers=1, connections=500, memory_bytes=2**40)


def test_unknown_is_not_unlimited() -> None:
    limits = room_limits(Settings(), "127.0.0.1", Budgets(), SIZE)
    assert (limits.rooms, limits.peers) == (500, 500)
    most = (limits.peers_per_room, limits.rooms_per_address, limits.peers_per_address)
    assert most == (1000, 1000, 4000)


def test_what_the_settings_say_holds() -> None:
    budgets = Budgets()
    settings = Settings(max_rooms=7, max_peers=9000, max_peers_per_room=0, max_rooms_per_address=3)
    limits = room_limits(settings, "127.0.0.1", budgets, SIZE)
    assert (limits.rooms, limits.peers, limits.peers_per_room) == (7, 9000, 0)
    assert limits.rooms_per_address == 3
    assert limits.budgets is budgets
