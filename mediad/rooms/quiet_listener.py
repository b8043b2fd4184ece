"""A listener that tells its client nothing: for dialects with few words, and receivers that want little."""

from __future__ import annotations

from mediad.errors import Forbidden
from mediad.pipe.scores import ConsumerScore, EncodingScore, Layers
from mediad.rooms.grants import Grants
from mediad.rooms.listener import (
    CloseCause,
    ConsumerOffer,
    DataConsumerOffer,
    PeerInfo,
    PeerVolume,
    Track,
)


class QuietListener:
    """Tracks are accepted, data channels are not; all else is left out."""

    def peer_joined(self, peer: PeerInfo) -> None:
        pass

    def peer_left(self, peer_id: str) -> None:
        pass

    def display_name_changed(self, peer_id: str, display_name: str, old_display_name: str) -> None:
        pass

    def tracks_changed(self, peer_id: str, tracks: list[Track]) -> None:
        pass

    def consumer_refused(self, peer_id: str, producer_id: str, reason: str) -> None:
        pass

    def producer_closed(self, producer_id: str, reason: str) -> None:
        pass

    def data_producer_closed(self, data_producer_id: str, reason: str) -> None:
        pass

    def grants_changed(self, grants: Grants) -> None:
        pass

    async def consumer_offered(self, offer: ConsumerOffer) -> None:
        pass

    async def data_consumer_offered(self, offer: DataConsumerOffer) -> None:
        raise Forbidden("this client has no data channels")

    def data_consumer_closed(self, data_consumer_id: str) -> None:
        pass

    def consumer_closed(self, consumer_id: str) -> None:
        pass

    def consumer_paused(self, consumer_id: str) -> None:
        pass

    def consumer_resumed(self, consumer_id: str) -> None:
        pass

    def consumer_layers_changed(self, consumer_id: str, layers: Layers | None) -> None:
        pass

    def consumer_score(self, consumer_id: str, score: ConsumerScore) -> None:
        pass

    def producer_score(self, producer_id: str, score: list[EncodingScore]) -> None:
        pass

    def producer_layers_wanted(self, producer_id: str, spatial_layer: int) -> None:
        pass

    def downlink_bandwidth(self, desired_bps: int, effective_desired_bps: int, available_bps: int) -> None:
        pass

    def speaking_peers(self, volumes: list[PeerVolume]) -> None:
        pass

    def dominant_speaker(self, peer_id: str | None) -> None:
        pass

    def recording_changed(self, recording: bool) -> None:
        pass

    def closed(self, cause: CloseCause, reason: str) -> None:
        pass
