"""What a room tells the client behind a peer, in words that belong to no dialect.

Every method but `consumer_offered` returns at once: it queues, it never waits for the network. A room calls
them in the order clients rely on (a peer is announced before its consumers, a consumer before its score),
so an implementation must keep that order on its wire.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from mediad.pipe.scores import ConsumerScore, EncodingScore, Layers


@dataclass(frozen=True, slots=True)
class Device:
    """The client's software, as it describes itself; shown to the others, never interpreted."""

    flag: str | None = None
    name: str | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True)
class PeerInfo:
    """A joined peer as the others see it."""

    id: str
    display_name: str
    device: Device


@dataclass(frozen=True, slots=True)
class ConsumerOffer:
    """A track of another peer, as it is offered to a client."""

    consumer_id: str
    producer_id: str
    peer_id: str
    """Whose track it is."""
    kind: str
    type: str
    rtp_parameters: dict[str, Any]
    app_data: dict[str, Any]
    producer_paused: bool


class CloseCause(Enum):
    """Why the server ends a connection; the dialect picks the code that makes its clients do the right
    thing."""

    REPLACED = "replaced"
    """A newer connection of the same peer id has taken over: this one must not come back."""

    MEDIA_LOST = "media-lost"
    """ICE or DTLS of one of its transports is gone: rejoining is the way to get media again."""

    WORKER_DIED = "worker-died"
    """The room's worker is gone: rejoining lands on another."""

    DRAINED = "drained"
    """This node stops serving the room: rejoining lands elsewhere."""

    NOT_JOINED = "not-joined"
    """It connected and did not join in time: it may come back when it is about to."""

    REMOVED = "removed"
    """An operator ended it for this peer: it must not come back by itself."""


class PeerListener(Protocol):
    """The client's side of a peer."""

    def peer_joined(self, peer: PeerInfo) -> None: ...

    def peer_left(self, peer_id: str) -> None: ...

    def display_name_changed(self, peer_id: str, display_name: str, old_display_name: str) -> None: ...

    async def consumer_offered(self, offer: ConsumerOffer) -> None:
        """Offer it and wait for the client. Returns once accepted; raises Forbidden when the client
        refused, TimeoutError when it never answered, InvalidState when it went away meanwhile. The offer
        must be queued before the first suspension: what is said about the consumer afterwards must find it
        known."""
        ...

    def consumer_closed(self, consumer_id: str) -> None: ...

    def consumer_paused(self, consumer_id: str) -> None: ...

    def consumer_resumed(self, consumer_id: str) -> None: ...

    def consumer_layers_changed(self, consumer_id: str, layers: Layers | None) -> None:
        """`layers` is None while nothing is sent."""
        ...

    def consumer_score(self, consumer_id: str, score: ConsumerScore) -> None: ...

    def producer_score(self, producer_id: str, score: list[EncodingScore]) -> None: ...

    def producer_layers_wanted(self, producer_id: str, spatial_layer: int) -> None:
        """Nobody receives spatial layers of this simulcast track above that one: they need not be sent."""
        ...

    def downlink_bandwidth(self, desired_bps: int, effective_desired_bps: int, available_bps: int) -> None:
        """Towards this client: what all it wants takes at its best, what is probed for, the estimate."""
        ...

    def active_speaker(self, peer_id: str | None, volume_dbov: int | None) -> None:
        """`peer_id` is None when nobody speaks any more; volume is -127..0 dBov."""
        ...

    def closed(self, cause: CloseCause, reason: str) -> None:
        """The room has let this peer go; nothing more comes."""
        ...
