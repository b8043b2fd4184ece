"""Limits of rooms and peers. Those of one peer prevent unbounded growth, and are far above honest use."""

from __future__ import annotations

from dataclasses import dataclass, field

from mediad.budgets.budgets import Budgets
from mediad.rooms.plain_targets import Targets
from mediad.rooms.spread import SpreadRules


@dataclass(frozen=True, slots=True)
class RoomLimits:
    rooms: int = 0
    """The number of rooms of this node; 0 is no limit, as for the four below."""
    peers: int = 0
    """The number of peers in all rooms of this node together."""
    peers_per_room: int = 0
    rooms_per_address: int = 0
    """The number of open rooms that were opened from one address, or with one token."""
    peers_per_address: int = 0
    budgets: Budgets = field(default_factory=Budgets)
    """The rates of what clients do, by address and token; and where refusals are counted."""
    transports_per_peer: int = 16
    """The WebRTC transports of a peer; plain ones have ports of their own, which are shared out."""
    producers_per_peer: int = 64
    data_producers_per_peer: int = 64
    data_consumers_per_peer: int = 1024
    """The streams of one association that Chromium can use."""
    consumer_replicas: int = 0
    """The most extra consumers for each track that a peer gets when it asks for them, for load tests."""
    broadcaster_timeout_s: int = 60
    """The time after which a broadcaster from which no packet comes is removed; 0 is never."""
    plain_targets: Targets = field(default_factory=Targets)
    """The addresses that plain transports may send to."""
    spread: SpreadRules = field(default_factory=SpreadRules)
    """The number of workers that a room is on, where it was opened without a wish of its own."""
    cuts_expired: bool = False
    """True when a call ends with its client's token."""
    throttle_secret: str | None = field(default=None, repr=False)
    """The secret of clients that may have their network throttled; None: nobody may."""
