"""The dialect of the classic mediasoup-demo: names and spelling of its messages.

Requests are rows of `METHODS`. Everything the room says goes out through `DemoListener`.
"""

from __future__ import annotations

from typing import Any

import msgspec

from mediad.errors import Forbidden
from mediad.pipe.scores import ConsumerScore, EncodingScore, Layers
from mediad.rooms.listener import CloseCause, ConsumerOffer, Device, PeerInfo, PeerVolume, Track
from mediad.rooms.reply import Reply
from mediad.rooms.seat import Seat
from mediad.signaling.dialects import demo_a_schemas as schemas
from mediad.signaling.dialects.dialect import ClientRefused, Dialect, Method, Wire

CLOSE_CODES = {
    # protoo clients take 4000 as final and everything else as a reason to reconnect and start over
    CloseCause.REPLACED: 4000,
    CloseCause.MEDIA_LOST: 1012,
    CloseCause.WORKER_DIED: 1012,
    CloseCause.DRAINED: 1012,
    CloseCause.NOT_JOINED: 1012,
    CloseCause.REMOVED: 4000,
}


class DemoListener:
    """One client's listener: turns what happens in the room into notifications and requests."""

    def __init__(self, wire: Wire, version: str) -> None:
        self._wire = wire
        wire.notify("mediasoup-version", {"version": version})

    def peer_joined(self, peer: PeerInfo) -> None:
        self._wire.notify("newPeer", _peer(peer))

    def peer_left(self, peer_id: str) -> None:
        self._wire.notify("peerClosed", {"peerId": peer_id})

    def display_name_changed(self, peer_id: str, display_name: str, old_display_name: str) -> None:
        data = {"peerId": peer_id, "displayName": display_name, "oldDisplayName": old_display_name}
        self._wire.notify("peerDisplayNameChanged", data)

    def tracks_changed(self, peer_id: str, tracks: list[Track]) -> None:
        """Say nothing: a client hears of each of its consumers."""

    async def consumer_offered(self, offer: ConsumerOffer) -> None:
        data = {
            "peerId": offer.peer_id,
            "producerId": offer.producer_id,
            "id": offer.consumer_id,
            "kind": offer.kind,
            "rtpParameters": offer.rtp_parameters,
            "type": offer.type,
            "appData": offer.app_data,
            "producerPaused": offer.producer_paused,
        }
        try:
            await self._wire.request("newConsumer", data)
        except ClientRefused as refusal:
            raise Forbidden(str(refusal)) from None

    def consumer_closed(self, consumer_id: str) -> None:
        self._wire.notify("consumerClosed", {"consumerId": consumer_id})

    def consumer_paused(self, consumer_id: str) -> None:
        self._wire.notify("consumerPaused", {"consumerId": consumer_id})

    def consumer_resumed(self, consumer_id: str) -> None:
        self._wire.notify("consumerResumed", {"consumerId": consumer_id})

    def consumer_layers_changed(self, consumer_id: str, layers: Layers | None) -> None:
        data = {
            "consumerId": consumer_id,
            "spatialLayer": None if layers is None else layers.spatial_layer,
            "temporalLayer": None if layers is None else layers.temporal_layer,
        }
        self._wire.notify("consumerLayersChanged", data)

    def consumer_score(self, consumer_id: str, score: ConsumerScore) -> None:
        self._wire.notify("consumerScore", {"consumerId": consumer_id, "score": score}, droppable=True)

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

    def speaking_peers(self, volumes: list[PeerVolume]) -> None:
        data: dict[str, Any] = {"peerId": None}
        if volumes:
            data = {"peerId": volumes[0].peer_id, "volume": volumes[0].dbov}
        self._wire.notify("activeSpeaker", data, droppable=True)

    def dominant_speaker(self, peer_id: str | None) -> None:
        """Tell nothing: in this dialect the active speaker is the loudest one."""

    def closed(self, cause: CloseCause, reason: str) -> None:
        self._wire.close(CLOSE_CODES[cause], reason)


# -- requests ----------------------------------------------------------------------------------------------


async def _get_router_rtp_capabilities(seat: Seat, data: schemas.Nothing) -> Reply[Any]:
    return seat.router_capabilities()


async def _join(seat: Seat, data: schemas.Join) -> Reply[Any]:
    device = Device(data.device.flag, data.device.name, data.device.version)
    reply = seat.join(data.display_name, device, data.rtp_capabilities)
    return reply.spelled(lambda others: {"peers": [_peer(other) for other in others]})


async def _create_web_rtc_transport(seat: Seat, data: schemas.CreateWebRtcTransport) -> Reply[Any]:
    reply = await seat.transports.create(consuming=bool(data.consuming), force_tcp=bool(data.force_tcp))
    return reply.spelled(lambda transport: {"id": transport.id, **transport.parameters})


async def _connect_web_rtc_transport(seat: Seat, data: schemas.ConnectWebRtcTransport) -> Reply[Any]:
    return await seat.transports.connect(data.transport_id, msgspec.to_builtins(data.dtls_parameters))


async def _restart_ice(seat: Seat, data: schemas.TransportData) -> Reply[Any]:
    return await seat.transports.restart_ice(data.transport_id)


async def _produce(seat: Seat, data: schemas.Produce) -> Reply[Any]:
    app_data = {**(data.app_data or {}), "peerId": seat.peer.id}
    reply = await seat.producing.produce(data.transport_id, data.kind, data.rtp_parameters, app_data)
    return reply.spelled(lambda producer: {"id": producer.id})


async def _close_producer(seat: Seat, data: schemas.ProducerData) -> Reply[Any]:
    return await seat.producing.close(data.producer_id)


async def _pause_producer(seat: Seat, data: schemas.ProducerData) -> Reply[Any]:
    return await seat.producing.pause(data.producer_id)


async def _resume_producer(seat: Seat, data: schemas.ProducerData) -> Reply[Any]:
    return await seat.producing.resume(data.producer_id)


async def _pause_consumer(seat: Seat, data: schemas.ConsumerData) -> Reply[Any]:
    return await seat.consuming.pause(data.consumer_id)


async def _resume_consumer(seat: Seat, data: schemas.ConsumerData) -> Reply[Any]:
    return await seat.consuming.resume(data.consumer_id)


async def _set_consumer_preferred_layers(seat: Seat, data: schemas.SetConsumerPreferredLayers) -> Reply[Any]:
    return await seat.consuming.set_preferred_layers(
        data.consumer_id, data.spatial_layer, data.temporal_layer
    )


async def _set_consumer_priority(seat: Seat, data: schemas.SetConsumerPriority) -> Reply[Any]:
    return await seat.consuming.set_priority(data.consumer_id, data.priority)


async def _request_consumer_key_frame(seat: Seat, data: schemas.ConsumerData) -> Reply[Any]:
    return await seat.consuming.request_key_frame(data.consumer_id)


async def _change_display_name(seat: Seat, data: schemas.ChangeDisplayName) -> Reply[Any]:
    return seat.rename(data.display_name)


async def _get_transport_stats(seat: Seat, data: schemas.TransportData) -> Reply[Any]:
    return await seat.transports.stats(data.transport_id)


async def _get_producer_stats(seat: Seat, data: schemas.ProducerData) -> Reply[Any]:
    return await seat.producing.stats(data.producer_id)


async def _get_consumer_stats(seat: Seat, data: schemas.ConsumerData) -> Reply[Any]:
    return await seat.consuming.stats(data.consumer_id)


METHODS: dict[str, Method] = {
    "getRouterRtpCapabilities": Method(_get_router_rtp_capabilities, schemas.Nothing, joined=None),
    "join": Method(_join, schemas.Join, joined=False),
    "createWebRtcTransport": Method(_create_web_rtc_transport, schemas.CreateWebRtcTransport, joined=None),
    "connectWebRtcTransport": Method(_connect_web_rtc_transport, schemas.ConnectWebRtcTransport, joined=None),
    "restartIce": Method(_restart_ice, schemas.TransportData, joined=None),
    "produce": Method(_produce, schemas.Produce),
    "closeProducer": Method(_close_producer, schemas.ProducerData),
    "pauseProducer": Method(_pause_producer, schemas.ProducerData),
    "resumeProducer": Method(_resume_producer, schemas.ProducerData),
    "pauseConsumer": Method(_pause_consumer, schemas.ConsumerData),
    "resumeConsumer": Method(_resume_consumer, schemas.ConsumerData),
    "setConsumerPreferredLayers": Method(_set_consumer_preferred_layers, schemas.SetConsumerPreferredLayers),
    "setConsumerPriority": Method(_set_consumer_priority, schemas.SetConsumerPriority),
    "requestConsumerKeyFrame": Method(_request_consumer_key_frame, schemas.ConsumerData),
    "changeDisplayName": Method(_change_display_name, schemas.ChangeDisplayName),
    "getTransportStats": Method(_get_transport_stats, schemas.TransportData, joined=None),
    "getProducerStats": Method(_get_producer_stats, schemas.ProducerData, joined=None),
    "getConsumerStats": Method(_get_consumer_stats, schemas.ConsumerData, joined=None),
}


def _peer(peer: PeerInfo) -> dict[str, Any]:
    device = {"flag": peer.device.flag, "name": peer.device.name, "version": peer.device.version}
    return {
        "id": peer.id,
        "displayName": peer.display_name,
        "device": {key: value for key, value in device.items() if value is not None},
    }


DEMO_A = Dialect(METHODS, DemoListener)
