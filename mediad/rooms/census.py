"""Census: how many rooms and peers a node has, in all and of each holder, and whether one more is allowed.

Holders are addresses, the sites around them, and tokens (`budgets/holders.py`).
"""

from __future__ import annotations

import time

from mediad.budgets.holders import Holders
from mediad.budgets.holdings import Holdings
from mediad.rooms.limits import RoomLimits
from mediad.rooms.stock import Claim


class Census:
    """The numbers of one node."""

    def __init__(self) -> None:
        self.rooms_of = Holdings()
        self.peers_of = Holdings()
        self._opened_by: dict[str, Holders] = {}
        self.peers = 0

    def require_room(self, limits: RoomLimits, rooms: int, holders: Holders) -> None:
        """Raise OverLimit unless these holders may open one more room beside the `rooms` there are."""
        limits.budgets.require_below("rooms", rooms, limits.rooms)
        _require_share(limits, "address_rooms", self.rooms_of, limits.rooms_per_address, holders)

    def require_peer(self, limits: RoomLimits, peers: int, in_room: int, holders: Holders) -> None:
        """Raise OverLimit unless these holders may be one more peer, of a room and node with so many."""
        limits.budgets.require_below("room_peers", in_room, limits.peers_per_room)
        limits.budgets.require_below("peers", peers, limits.peers)
        _require_share(limits, "address_peers", self.peers_of, limits.peers_per_address, holders)

    def charge_join(self, limits: RoomLimits, holders: Holders) -> None:
        """Charge these holders for a join. Raises OverLimit when they join too often."""
        limits.budgets.charge("joins", holders, time.monotonic())

    def room_opened(self, room_id: str, holders: Holders) -> None:
        self._opened_by[room_id] = holders
        for holder, _ in holders:
            self.rooms_of.add(holder)

    def room_closed(self, room_id: str) -> None:
        for holder, _ in self._opened_by.pop(room_id, ()):
            self.rooms_of.remove(holder)

    def count_peer(self, holders: Holders) -> Claim:
        """Count a peer of these holders, until the claim is released."""
        return _Counted(self, holders)


class _Counted(Claim):
    """A peer that is counted."""

    __slots__ = ("_by", "_census")

    def __init__(self, census: Census, by: Holders) -> None:
        super().__init__()
        self._census: Census | None = census
        self._by = by
        census.peers += 1
        for holder, _ in by:
            census.peers_of.add(holder)

    def release(self) -> None:
        census, self._census = self._census, None
        if census is not None:
            census.peers -= 1
            for holder, _ in self._by:
                census.peers_of.remove(holder)


def _require_share(limits: RoomLimits, name: str, holdings: Holdings, maximum: int, holders: Holders) -> None:
    """Raise OverLimit when one of these holders has all it may; one that pays a part may have more."""
    for holder, part in holders:
        limits.budgets.require_below(name, holdings.of(holder), int(maximum / part), holder)
