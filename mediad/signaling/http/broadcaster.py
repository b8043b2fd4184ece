"""Broadcaster: a peer that is served over HTTP alone, and so hears nothing of what happens in its room."""

from __future__ import annotations

from enum import Enum
from typing import Any

from mediad.errors import InvalidState
from mediad.pipe.scores import ConsumerScore, EncodingScore, Layers
from mediad.rooms.listener import (
    CloseCause,
    ConsumerOffer,
    DataConsumerOffer,
    Device,
    PeerInfo,
    PeerVolume,
    Track,
)
from mediad.rooms.seat import Seat


class Spelling(Enum):
    """The dialect of mediasoup-demo in which a broadcaster was made, and is answered."""

    A = "A"
    B = "B"


class Silence:
    """A PeerListener that passes nothing on."""

    def peer_joined(self, peer: PeerInfo) -> None: ...

    def peer_left(self, peer_id: str) -> None: ...

    def display_name_changed(self, peer_id: str, display_name: str, old_display_name: str) -> None: ...

    def tracks_changed(self, peer_id: str, tracks: list[Track]) -> None: ...

    async def consumer_offered(self, offer: ConsumerOffer) -> None:
        """Refuse: a broadcaster asks for each track that it wants."""
        raise InvalidState("a broadcaster is offered nothing")

    def consumer_closed(self, consumer_id: str) -> None: ...

    def consumer_paused(self, consumer_id: str) -> None: ...

    def consumer_resumed(self, consumer_id: str) -> None: ...

    def consumer_layers_changed(self, consumer_id: str, layers: Layers | None) -> None: ...

    def consumer_score(self, consumer_id: str, score: ConsumerScore) -> None: ...

    def producer_score(self, producer_id: str, score: list[EncodingScore]) -> None: ...

    def producer_layers_wanted(self, producer_id: str, spatial_layer: int) -> None: ...

    async def data_consumer_offered(self, offer: DataConsumerOffer) -> None:
        """Refuse likewise."""
        raise InvalidState("a broadcaster is offered nothing")

    def data_consumer_closed(self, data_consumer_id: str) -> None: ...

    def downlink_bandwidth(
        self, desired_bps: int, effective_desired_bps: int, available_bps: int
    ) -> None: ...

    def speaking_peers(self, volumes: list[PeerVolume]) -> None: ...

    def dominant_speaker(self, peer_id: str | None) -> None: ...

    def closed(self, cause: CloseCause, reason: str) -> None: ...


class Broadcaster(Silence):
    """The listener of a broadcaster's seat, by which a room tells its broadcasters from other peers."""

    seat: Seat
    """Set by whoever takes the seat."""

    def __init__(
        self,
        spelling: Spelling,
        display_name: str,
        device: Device,
        capabilities: dict[str, Any] | None = None,
    ) -> None:
        """Make a broadcaster; `capabilities` are those for all its consumers, in dialect A."""
        self.spelling = spelling
        self.display_name = display_name
        self.device = device
        self.capabilities = capabilities
