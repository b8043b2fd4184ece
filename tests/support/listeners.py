"""A PeerListener that writes down what it is told, and answers offers as the test says."""

from __future__ import annotations

import asyncio
from typing import Any

from mediad.errors import InvalidState
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
from tests.support.pipe_wire import wire


class RecordingListener:
    """`heard` holds everything in order, as tuples that begin with the method's name."""

    def __init__(self, answer: BaseException | None = None) -> None:
        """Offers are accepted, or answered with `answer`."""
        self.heard: list[tuple[Any, ...]] = []
        self.offers: list[ConsumerOffer] = []
        self.data_offers: list[DataConsumerOffer] = []
        self.answer = answer
        self._gate: asyncio.Event | None = None
        self.gone = False

    def hold_offers(self) -> None:
        """Offers stay unanswered until `answer_offers`, or until the connection is closed."""
        self._gate = asyncio.Event()

    def answer_offers(self) -> None:
        assert self._gate is not None
        self._gate.set()

    def named(self, *names: str) -> list[tuple[Any, ...]]:
        return [entry for entry in self.heard if entry[0] in names]

    def peer_joined(self, peer: PeerInfo) -> None:
        self.heard.append(("joined", peer.id, peer.display_name))

    def peer_left(self, peer_id: str) -> None:
        self.heard.append(("left", peer_id))

    def display_name_changed(self, peer_id: str, display_name: str, old_display_name: str) -> None:
        self.heard.append(("renamed", peer_id, display_name, old_display_name))

    def tracks_changed(self, peer_id: str, tracks: list[Track]) -> None:
        self.heard.append(("tracks", peer_id, [(track.kind, track.paused) for track in tracks]))

    async def consumer_offered(self, offer: ConsumerOffer) -> None:
        self.heard.append(("offered", offer.consumer_id))
        self.offers.append(offer)
        await self._answer()

    async def data_consumer_offered(self, offer: DataConsumerOffer) -> None:
        self.heard.append(("data offered", offer.data_consumer_id))
        self.data_offers.append(offer)
        await self._answer()

    async def _answer(self) -> None:
        if self._gate is not None:
            await self._gate.wait()
        else:
            await asyncio.sleep(0)
        if self.gone:
            raise InvalidState("peer closed")
        if self.answer is not None:
            raise self.answer

    def consumer_refused(self, peer_id: str, producer_id: str, reason: str) -> None:
        self.heard.append(("refused", peer_id, producer_id, reason))

    def producer_closed(self, producer_id: str, reason: str) -> None:
        self.heard.append(("producer closed", producer_id, reason))

    def data_producer_closed(self, data_producer_id: str, reason: str) -> None:
        self.heard.append(("data producer closed", data_producer_id, reason))

    def grants_changed(self, grants: Grants) -> None:
        self.heard.append(("grants", grants.to_wire()))

    def consumer_closed(self, consumer_id: str) -> None:
        self.heard.append(("consumer closed", consumer_id))

    def consumer_paused(self, consumer_id: str) -> None:
        self.heard.append(("paused", consumer_id))

    def consumer_resumed(self, consumer_id: str) -> None:
        self.heard.append(("resumed", consumer_id))

    def consumer_layers_changed(self, consumer_id: str, layers: Layers | None) -> None:
        self.heard.append(("layers", consumer_id, None if layers is None else wire(layers)))

    def consumer_score(self, consumer_id: str, score: ConsumerScore) -> None:
        self.heard.append(("consumer score", consumer_id, wire(score)))

    def producer_score(self, producer_id: str, score: list[EncodingScore]) -> None:
        self.heard.append(("producer score", producer_id, [wire(encoding) for encoding in score]))

    def producer_layers_wanted(self, producer_id: str, spatial_layer: int) -> None:
        self.heard.append(("producer layers", producer_id, spatial_layer))

    def data_consumer_closed(self, data_consumer_id: str) -> None:
        self.heard.append(("data consumer closed", data_consumer_id))

    def downlink_bandwidth(self, desired_bps: int, effective_desired_bps: int, available_bps: int) -> None:
        self.heard.append(("downlink", desired_bps, effective_desired_bps, available_bps))

    def speaking_peers(self, volumes: list[PeerVolume]) -> None:
        self.heard.append(("speaking", [(volume.peer_id, volume.dbov) for volume in volumes]))

    def dominant_speaker(self, peer_id: str | None) -> None:
        self.heard.append(("dominant", peer_id))

    def recording_changed(self, recording: bool) -> None:
        self.heard.append(("recording", recording))

    def closed(self, cause: CloseCause, reason: str) -> None:
        self.heard.append(("closed", cause))
        self.disconnect()

    def disconnect(self) -> None:
        """The connection is over: whoever waits for an answer learns it."""
        self.gone = True
        if self._gate is not None:
            self._gate.set()


def holding() -> RecordingListener:
    """A listener that answers no offer until it is told to."""
    listener = RecordingListener()
    listener.hold_offers()
    return listener
