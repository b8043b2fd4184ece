"""The listener: the calls by which a room tells a peer's client of changes, in words of no dialect.

Every method but the two that offer returns at once: it queues, it never waits for the network. A room calls
them in the order clients rely on (a peer is announced before its consumers, a consumer before its score),
so an implementation must keep that order on its wire.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

from mediad.pipe.scores import ConsumerScore, EncodingScore, Layers
from mediad.rooms.grants import Grants


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
    account: dict[str, str] = field(default_factory=dict)
    """The client's account, as its token describes it; shown to the others, never interpreted."""
    address: str = ""
    """The address that it connected from; empty when that is unknown."""


@dataclass(frozen=True, slots=True)
class Track:
    """A track that a peer sends, as the others may be told of it."""

    kind: str
    app_data: dict[str, Any]
    paused: bool


@dataclass(frozen=True, slots=True)
class ConsumerOffer:
    """A track of another peer, as it is offered to a client."""

    consumer_id: str
    producer_id: str
    peer_id: str
    """The sender of the track."""
    transport_id: str
    """The receiver's transport that it comes on."""
    kind: str
    type: str
    rtp_parameters: dict[str, Any]
    app_data: dict[str, Any]
    producer_paused: bool
    score: ConsumerScore


@dataclass(frozen=True, slots=True)
class DataConsumerOffer:
    """A data channel of another peer, or of the room's bot, as it is offered to a client."""

    data_consumer_id: str
    data_producer_id: str
    transport_id: str
    """The transport of the client on which the channel is."""
    peer_id: str | None
    """The sender; None for the bot."""
    sctp_stream_parameters: dict[str, Any]
    label: str
    protocol: str
    app_data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class PeerVolume:
    """The mean audio level of a peer that speaks, -127 to 0 dBov."""

    peer_id: str
    dbov: int


class CloseCause(Enum):
    """The cause for which the server ends a connection; the dialect chooses the close code for it."""

    REPLACED = "replaced"
    """A newer connection of the same peer id has replaced this one, which must not come back."""

    MEDIA_LOST = "media-lost"
    """ICE or DTLS of one of its transports has failed: the client gets media again by joining anew."""

    WORKER_DIED = "worker-died"
    """The worker of the room has died: a client that joins anew is served by another."""

    DRAINED = "drained"
    """Draining: this node stops serving the room, and a client that joins anew is served elsewhere."""

    NOT_JOINED = "not-joined"
    """A missed deadline for joining: the client may come back when it is ready to join."""

    SILENT = "silent"
    """Silence: no packet has come from a broadcaster for `broadcaster_timeout_s`."""

    EXPIRED = "expired"
    """An expired token, where the operator has calls end with it: the client needs a new token."""

    REMOVED = "removed"
    """An operator has removed this peer, which must not come back by itself."""


class PeerListener(Protocol):
    """The client's side of a peer."""

    def peer_joined(self, peer: PeerInfo) -> None: ...

    def peer_left(self, peer_id: str) -> None: ...

    def display_name_changed(self, peer_id: str, display_name: str, old_display_name: str) -> None: ...

    def tracks_changed(self, peer_id: str, tracks: list[Track]) -> None:
        """Tell all that another peer sends, after it has paused or resumed a track."""
        ...

    async def consumer_offered(self, offer: ConsumerOffer) -> None:
        """Offer a consumer and return when the client has accepted it.

        Raises Forbidden when the client refused, TimeoutError when it never answered, InvalidState when it
        left meanwhile. The offer must be queued before the first suspension: later calls about the consumer
        must find that the client knows it.
        """
        ...

    def consumer_refused(self, peer_id: str, producer_id: str, reason: str) -> None:
        """Tell a track of another peer that the client is not offered, because its grants have a limit."""
        ...

    def consumer_closed(self, consumer_id: str) -> None: ...

    def consumer_paused(self, consumer_id: str) -> None: ...

    def consumer_resumed(self, consumer_id: str) -> None: ...

    def consumer_layers_changed(self, consumer_id: str, layers: Layers | None) -> None:
        """Tell the layers that are sent; None while nothing is."""
        ...

    def consumer_score(self, consumer_id: str, score: ConsumerScore) -> None: ...

    def producer_closed(self, producer_id: str, reason: str) -> None:
        """Tell that a track of the client's own was ended here: it may not send it any more."""
        ...

    def data_producer_closed(self, data_producer_id: str, reason: str) -> None:
        """Tell that a data channel of the client's own was ended here, likewise."""
        ...

    def grants_changed(self, grants: Grants) -> None:
        """Tell the client what it may do from now on; it has heard of all that has ended by this."""
        ...

    def producer_score(self, producer_id: str, score: list[EncodingScore]) -> None: ...

    def producer_layers_wanted(self, producer_id: str, spatial_layer: int) -> None:
        """Tell the highest spatial layer of a simulcast track that is received: others need not be sent."""
        ...

    async def data_consumer_offered(self, offer: DataConsumerOffer) -> None:
        """Offer a data consumer and return when the client has accepted it; raises like `consumer_offered`.

        Messages may already be on their way to the client.
        """
        ...

    def data_consumer_closed(self, data_consumer_id: str) -> None: ...

    def downlink_bandwidth(self, desired_bps: int, effective_desired_bps: int, available_bps: int) -> None:
        """Tell the bitrates towards this client: its wishes at their best, the probing goal, the estimate."""
        ...

    def speaking_peers(self, volumes: list[PeerVolume]) -> None:
        """Tell the peers that are heard, loudest first, after each interval; [] once when all are silent."""
        ...

    def dominant_speaker(self, peer_id: str | None) -> None:
        """Tell the peer that has taken the floor; None when all are silent."""
        ...

    def recording_changed(self, recording: bool) -> None:
        """Tell the client that what it sends is recorded from now on, or no longer is."""
        ...

    def closed(self, cause: CloseCause, reason: str) -> None:
        """Close the client's connection: the room has closed this peer, and makes no more calls."""
        ...
