"""How much of a room one peer may take. The ceilings stop unbounded growth and are far above honest use."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RoomLimits:
    transports_per_peer: int = 16
    producers_per_peer: int = 64
    consumer_replicas: int = 16
    """Extra consumers for each track; a load test's wish, multiplied by everybody in the room."""
