"""Broadcaster: a peer that is served over HTTP alone, and so hears nothing of what happens in its room."""

from __future__ import annotations

from enum import Enum

from mediad.rooms.listener import Device
from mediad.rooms.quiet_listener import QuietListener
from mediad.rooms.seat import Seat


class Spelling(Enum):
    """The dialect of mediasoup-demo in which a broadcaster was made, and is answered."""

    A = "A"
    B = "B"


class Broadcaster(QuietListener):
    """The listener of a broadcaster's seat, by which a room tells its broadcasters from other peers."""

    seat: Seat
    """Set by whoever takes the seat."""

    def __init__(
        self,
        spelling: Spelling,
        display_name: str,
        device: Device,
        capabilities: bytes | None = None,
    ) -> None:
        """Make a broadcaster; `capabilities` are those for all its consumers, in dialect A, as JSON."""
        self.spelling = spelling
        self.display_name = display_name
        self.device = device
        self.capabilities = capabilities
