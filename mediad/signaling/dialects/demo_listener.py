"""The listener of both dialects of mediasoup-demo: all that a room tells their clients in the same words."""

from __future__ import annotations

from typing import Any

from mediad.errors import Forbidden
from mediad.pipe.scores import ConsumerScore, EncodingScore
from mediad.rooms.grants import Grants
from mediad.rooms.listener import CloseCause, Device, Track
from mediad.signaling.dialects.dialect import ClientRefused, Wire

CLOSE_CODES = {
    # protoo clients take 4000 as final and everything else as a reason to reconnect and start over
    CloseCause.REPLACED: 4000,
    CloseCause.MEDIA_LOST: 1012,
    CloseCause.WORKER_DIED: 1012,
    CloseCause.DRAINED: 1012,
    CloseCause.NOT_JOINED: 1012,
    CloseCause.SILENT: 1012,
    CloseCause.EXPIRED: 4000,
    CloseCause.REMOVED: 4000,
}


class DemoListener:
    """One client's listener, as far as the dialects agree."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def peer_left(self, peer_id: str) -> None:
        self._wire.notify("peerClosed", {"peerId": peer_id})

    def display_name_changed(self, peer_id: str, display_name: str, old_display_name: str) -> None:
        data = {"peerId": peer_id, "displayName": display_name, "oldDisplayName": old_display_name}
        self._wire.notify("peerDisplayNameChanged", data)

    def tracks_changed(self, peer_id: str, tracks: list[Track]) -> None:
        """Say nothing: a client hears of each of its consumers."""

    async def ask(self, method: str, data: dict[str, Any]) -> None:
        """Offer the client something. Raises Forbidden when it does not want it."""
        try:
            await self._wire.request(method, data)
        except ClientRefused as refusal:
            raise Forbidden(str(refusal)) from None

    # four additions of ours, which clients that do not know them ignore

    def consumer_refused(self, peer_id: str, producer_id: str, reason: str) -> None:
        data = {"peerId": peer_id, "producerId": producer_id, "reason": reason}
        self._wire.notify("consumerRefused", data)

    def producer_closed(self, producer_id: str, reason: str) -> None:
        self._wire.notify("producerClosed", {"producerId": producer_id, "reason": reason})

    def data_producer_closed(self, data_producer_id: str, reason: str) -> None:
        self._wire.notify("dataProducerClosed", {"dataProducerId": data_producer_id, "reason": reason})

    def grants_changed(self, grants: Grants) -> None:
        self._wire.notify("grantsChanged", grants.all_to_wire())

    def consumer_closed(self, consumer_id: str) -> None:
        self._wire.notify("consumerClosed", {"consumerId": consumer_id})

    def consumer_paused(self, consumer_id: str) -> None:
        self._wire.notify("consumerPaused", {"consumerId": consumer_id})

    def consumer_resumed(self, consumer_id: str) -> None:
        self._wire.notify("consumerResumed", {"consumerId": consumer_id})

    def consumer_score(self, consumer_id: str, score: ConsumerScore) -> None:
        self._wire.notify("consumerScore", {"consumerId": consumer_id, "score": score}, droppable=True)

    def data_consumer_closed(self, data_consumer_id: str) -> None:
        self._wire.notify("dataConsumerClosed", {"dataConsumerId": data_consumer_id})

    def producer_score(self, producer_id: str, score: list[EncodingScore]) -> None:
        self._wire.notify("producerScore", {"producerId": producer_id, "score": score}, droppable=True)

    def producer_layers_wanted(self, producer_id: str, spatial_layer: int) -> None:
        # an addition of ours: clients that do not know it ignore it
        self._wire.notify("producerLayers", {"producerId": producer_id, "spatialLayer": spatial_layer})

    def downlink_bandwidth(self, desired_bps: int, effective_desired_bps: int, available_bps: int) -> None:
        data = {
            "desiredBitrate": desired_bps,
            "effectiveDesiredBitrate": effective_desired_bps,
            "availableBitrate": available_bps,
        }
        self._wire.notify("downlinkBwe", data, droppable=True)

    def recording_changed(self, recording: bool) -> None:
        # an addition of ours, as above: sent in rooms that are recorded, and in no others
        self._wire.notify("recordingChanged", {"recording": recording})

    def closed(self, cause: CloseCause, reason: str) -> None:
        self._wire.close(CLOSE_CODES[cause], reason)


def device_data(device: Device) -> dict[str, str]:
    """Return the description of a client's software, without what it left out."""
    described = {"flag": device.flag, "name": device.name, "version": device.version}
    return {key: value for key, value in described.items() if value is not None}
