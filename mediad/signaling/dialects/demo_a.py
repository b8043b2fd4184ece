"""Dialect A, of the classic mediasoup-demo: names and spelling of its messages.

Requests are rows of `METHODS`; its clients send no notifications.
"""

from __future__ import annotations

from typing import Any

from mediad.pipe.scores import Layers
from mediad.rooms.listener import ConsumerOffer, DataConsumerOffer, PeerInfo, PeerListener, PeerVolume
from mediad.rooms.reply import Reply
from mediad.rooms.seat import Seat
from mediad.signaling.dialects import demo_a_schemas, demo_handlers
from mediad.signaling.dialects import demo_schemas as schemas
from mediad.signaling.dialects.demo_listener import DemoListener, device_data
from mediad.signaling.dialects.dialect import Dialect, Method, Texts, Wire


class DemoAListener(DemoListener):
    """One client's listener: turns what happens in the room into notifications and requests."""

    def __init__(self, wire: Wire, version: str) -> None:
        super().__init__(wire)
        wire.notify("mediasoup-version", {"version": version})

    def peer_joined(self, peer: PeerInfo) -> None:
        self._wire.notify("newPeer", _peer(peer))

    async def consumer_offered(self, offer: ConsumerOffer) -> None:
        data = {
            "peerId": offer.peer_id,
            "producerId": offer.producer_id,
            "id": offer.consumer_id,
            "kind": offer.kind,
            "rtpParameters": offer.rtp_parameters,
            "type": offer.type,
            "appData": _app_data(offer),
            "producerPaused": offer.producer_paused,
        }
        await self.ask("newConsumer", data)

    async def data_consumer_offered(self, offer: DataConsumerOffer) -> None:
        data = {
            "peerId": offer.peer_id,
            "dataProducerId": offer.data_producer_id,
            "id": offer.data_consumer_id,
            "sctpStreamParameters": offer.sctp_stream_parameters,
            "label": offer.label,
            "protocol": offer.protocol,
            "appData": offer.app_data,
        }
        await self.ask("newDataConsumer", data)

    def consumer_layers_changed(self, consumer_id: str, layers: Layers | None) -> None:
        data = {
            "consumerId": consumer_id,
            "spatialLayer": None if layers is None else layers.spatial_layer,
            "temporalLayer": None if layers is None else layers.temporal_layer,
        }
        self._wire.notify("consumerLayersChanged", data)

    def speaking_peers(self, volumes: list[PeerVolume]) -> None:
        data: dict[str, Any] = {"peerId": None}
        if volumes:
            data = {"peerId": volumes[0].peer_id, "volume": volumes[0].dbov}
        self._wire.notify("activeSpeaker", data, droppable=True)

    def dominant_speaker(self, peer_id: str | None) -> None:
        """Tell nothing: in this dialect the active speaker is the loudest one."""


def _listener(wire: Wire, version: str) -> PeerListener:
    return DemoAListener(wire, version)


# -- requests ----------------------------------------------------------------------------------------------


async def _get_router_rtp_capabilities(seat: Seat, data: schemas.Nothing) -> Reply[Any]:
    reply = await demo_handlers.get_capabilities(seat, data)
    # an app of dialect B that could not be recognised so far finds its own spelling beside
    return reply.spelled(lambda capabilities: {**capabilities, "routerRtpCapabilities": capabilities})


async def _join(seat: Seat, data: schemas.Join) -> Reply[Any]:
    reply = await demo_handlers.join(seat, data, takes_data=data.sctp_capabilities is not None)
    return reply.spelled(lambda others: {"peers": [_peer(other) for other in others]})


async def _create_web_rtc_transport(seat: Seat, data: demo_a_schemas.CreateWebRtcTransport) -> Reply[Any]:
    # newer mediasoup-clients know no sctpCapabilities, so that their absence means nothing
    reply = await seat.transports.create(
        consuming=bool(data.consuming),
        force_tcp=bool(data.force_tcp),
        enable_sctp=data.sctp_capabilities is not None,
    )
    return reply.spelled(lambda transport: {"id": transport.id, **transport.parameters})


async def _produce(seat: Seat, data: schemas.Produce) -> Reply[Any]:
    reply = await demo_handlers.produce(seat, data)
    return reply.spelled(lambda producer: {"id": producer.id})


async def _produce_data(seat: Seat, data: schemas.ProduceData) -> Reply[Any]:
    reply = await demo_handlers.produce_data(seat, data)
    return reply.spelled(lambda producer: {"id": producer.id})


async def _apply_network_throttle(seat: Seat, data: demo_a_schemas.ApplyNetworkThrottle) -> Reply[Any]:
    return await seat.throttling.apply(
        data.secret,
        uplink_kbps=data.uplink,
        downlink_kbps=data.downlink,
        rtt_ms=data.rtt,
        packet_loss_percent=data.packet_loss,
    )


METHODS: dict[str, Method] = {
    "getRouterRtpCapabilities": Method(_get_router_rtp_capabilities, schemas.Nothing, joined=None),
    "join": Method(_join, schemas.Join, joined=False),
    "createWebRtcTransport": Method(
        _create_web_rtc_transport, demo_a_schemas.CreateWebRtcTransport, joined=None
    ),
    "connectWebRtcTransport": Method(
        demo_handlers.connect_transport, schemas.ConnectWebRtcTransport, joined=None
    ),
    "restartIce": Method(demo_handlers.restart_ice, schemas.TransportData, joined=None),
    "produce": Method(_produce, schemas.Produce),
    "produceData": Method(_produce_data, schemas.ProduceData),
    "getTransportStats": Method(demo_handlers.get_transport_stats, schemas.TransportData, joined=None),
    "getProducerStats": Method(demo_handlers.get_producer_stats, schemas.ProducerData, joined=None),
    "getConsumerStats": Method(demo_handlers.get_consumer_stats, schemas.ConsumerData, joined=None),
    "getDataProducerStats": Method(demo_handlers.get_data_producer_stats, schemas.DataProducerData),
    "getDataConsumerStats": Method(demo_handlers.get_data_consumer_stats, schemas.DataConsumerData),
    "applyNetworkThrottle": Method(_apply_network_throttle, demo_a_schemas.ApplyNetworkThrottle, joined=None),
    "resetNetworkThrottle": Method(demo_handlers.stop_throttle, schemas.NetworkSecret, joined=None),
    **demo_handlers.CONTROLS,
}


def _peer(peer: PeerInfo) -> dict[str, Any]:
    return {"id": peer.id, "displayName": peer.display_name, "device": device_data(peer.device)}


def _app_data(offer: ConsumerOffer) -> dict[str, Any]:
    """Return the track's appData; a screen that an app of dialect B shares is marked in this dialect too."""
    if offer.app_data.get("source") == "screensharing":
        return {"share": True, **offer.app_data}
    return offer.app_data


TEXTS = Texts(
    'unknown request.method "{}"',
    "Peer not yet joined",
    "Connection request without roomId and/or peerId",
    str,
)

DEMO_A = Dialect(METHODS, {}, TEXTS, _listener)
