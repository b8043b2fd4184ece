"""Dialect B, of mediasoup-demo's TypeScript server: names and spelling of its messages.

Requests are rows of `METHODS`, notifications of its clients rows of `NOTIFICATIONS`.
"""

from __future__ import annotations

from typing import Any

from mediad.pipe.scores import Layers
from mediad.rooms.listener import ConsumerOffer, DataConsumerOffer, PeerInfo, PeerListener, PeerVolume
from mediad.rooms.reply import Reply
from mediad.rooms.seat import Seat
from mediad.rooms.unknown import Unknown
from mediad.signaling.dialects import demo_b_schemas, demo_handlers
from mediad.signaling.dialects import demo_schemas as schemas
from mediad.signaling.dialects.demo_listener import DemoListener, device_data
from mediad.signaling.dialects.dialect import Dialect, Handler, Method, Texts, Wire

MOST_SPEAKERS = 10
"""The most peers that one notification of speakers names, as in the demo."""


class DemoBListener(DemoListener):
    """One client's listener: turns what happens in the room into notifications and requests."""

    def __init__(self, wire: Wire, version: str) -> None:
        super().__init__(wire)
        wire.notify("mediasoupVersion", {"version": version})

    def peer_joined(self, peer: PeerInfo) -> None:
        self._wire.notify("newPeer", {"peer": _peer(peer)})

    async def consumer_offered(self, offer: ConsumerOffer) -> None:
        data = {
            "peerId": offer.peer_id,
            "transportId": offer.transport_id,
            "consumerId": offer.consumer_id,
            "producerId": offer.producer_id,
            "kind": offer.kind,
            "rtpParameters": offer.rtp_parameters,
            "type": offer.type,
            "producerPaused": offer.producer_paused,
            "consumerScore": offer.score,
            "appData": {"source": source_of(offer.kind, offer.app_data), **offer.app_data},
        }
        await self.ask("newConsumer", data)

    async def data_consumer_offered(self, offer: DataConsumerOffer) -> None:
        sender = {} if offer.peer_id is None else {"peerId": offer.peer_id}
        data = {
            **sender,
            "transportId": offer.transport_id,
            "dataConsumerId": offer.data_consumer_id,
            "dataProducerId": offer.data_producer_id,
            "sctpStreamParameters": offer.sctp_stream_parameters,
            "label": offer.label,
            "protocol": offer.protocol,
            # the app of this dialect goes by the channel, that of the other by the label
            "appData": {"channel": offer.label, **offer.app_data, **sender},
        }
        await self.ask("newDataConsumer", data)

    def consumer_layers_changed(self, consumer_id: str, layers: Layers | None) -> None:
        data: dict[str, Any] = {"consumerId": consumer_id}
        if layers is not None:
            data["layers"] = layers
        self._wire.notify("consumerLayersChanged", data)

    def speaking_peers(self, volumes: list[PeerVolume]) -> None:
        entries = [{"peerId": v.peer_id, "volume": v.dbov} for v in volumes[:MOST_SPEAKERS]]
        self._wire.notify("speakingPeers", {"peerVolumes": entries}, droppable=True)

    def dominant_speaker(self, peer_id: str | None) -> None:
        data = {} if peer_id is None else {"peerId": peer_id}
        self._wire.notify("activeSpeaker", data, droppable=True)


def _listener(wire: Wire, version: str) -> PeerListener:
    return DemoBListener(wire, version)


# -- requests ----------------------------------------------------------------------------------------------


async def _get_router_rtp_capabilities(seat: Seat, data: schemas.Nothing) -> Reply[Any]:
    reply = await demo_handlers.get_capabilities(seat, data)
    return reply.spelled(lambda capabilities: {"routerRtpCapabilities": capabilities})


async def _get_rtc_stats_url(seat: Seat, data: schemas.Nothing) -> Reply[Any]:
    # without a URL in the answer, the app sends its statistics nowhere
    return (await demo_handlers.get_capabilities(seat, data)).spelled(lambda _: {})


async def _join(seat: Seat, data: schemas.Join) -> Reply[Any]:
    reply = await demo_handlers.join(seat, data, takes_data=True)
    return reply.spelled(lambda others: {"peers": [_peer(other) for other in others]})


async def _create_web_rtc_transport(seat: Seat, data: demo_b_schemas.CreateWebRtcTransport) -> Reply[Any]:
    consuming = data.app_data.direction == "consumer"
    reply = await seat.transports.create(
        consuming=consuming, force_tcp=bool(data.force_tcp), enable_sctp=True
    )
    return reply.spelled(lambda transport: {"transportId": transport.id, **transport.parameters})


async def _restart_ice(seat: Seat, data: schemas.TransportData) -> Reply[Any]:
    reply = await demo_handlers.restart_ice(seat, data)
    return reply.spelled(lambda parameters: {"iceParameters": parameters})


async def _produce(seat: Seat, data: schemas.Produce) -> Reply[Any]:
    reply = await demo_handlers.produce(seat, data)
    return reply.spelled(lambda producer: {"producerId": producer.id})


async def _produce_data(seat: Seat, data: schemas.ProduceData) -> Reply[Any]:
    reply = await demo_handlers.produce_data(seat, data)
    return reply.spelled(lambda producer: {"dataProducerId": producer.id})


async def _apply_network_throttle(seat: Seat, data: demo_b_schemas.ApplyNetworkThrottle) -> Reply[Any]:
    options = data.options
    return await seat.throttling.apply(
        data.secret,
        uplink_kbps=options.up,
        downlink_kbps=options.down,
        rtt_ms=options.rtt,
        packet_loss_percent=options.packet_loss,
    )


def _stats(handler: Handler) -> Handler:
    """Return a handler that puts the bare array of `handler` into an object."""

    async def wrapped(seat: Seat, data: Any) -> Reply[Any]:
        return (await handler(seat, data)).spelled(lambda stats: {"stats": stats})

    return wrapped


METHODS: dict[str, Method] = {
    "getRtcStatsUrl": Method(_get_rtc_stats_url, schemas.Nothing, joined=None),
    "getRouterRtpCapabilities": Method(_get_router_rtp_capabilities, schemas.Nothing, joined=None),
    "join": Method(_join, schemas.Join, joined=False),
    "createWebRtcTransport": Method(
        _create_web_rtc_transport, demo_b_schemas.CreateWebRtcTransport, joined=None
    ),
    "connectWebRtcTransport": Method(
        demo_handlers.connect_transport, schemas.ConnectWebRtcTransport, joined=None
    ),
    "restartIce": Method(_restart_ice, schemas.TransportData, joined=None),
    "produce": Method(_produce, schemas.Produce),
    "produceData": Method(_produce_data, schemas.ProduceData),
    "applyNetworkThrottle": Method(_apply_network_throttle, demo_b_schemas.ApplyNetworkThrottle, joined=None),
    "stopNetworkThrottle": Method(demo_handlers.stop_throttle, schemas.NetworkSecret, joined=None),
    "getTransportStats": Method(
        _stats(demo_handlers.get_transport_stats), schemas.TransportData, joined=None
    ),
    "getProducerStats": Method(_stats(demo_handlers.get_producer_stats), schemas.ProducerData, joined=None),
    "getConsumerStats": Method(_stats(demo_handlers.get_consumer_stats), schemas.ConsumerData, joined=None),
    "getDataProducerStats": Method(_stats(demo_handlers.get_data_producer_stats), schemas.DataProducerData),
    "getDataConsumerStats": Method(_stats(demo_handlers.get_data_consumer_stats), schemas.DataConsumerData),
}

NOTIFICATIONS = demo_handlers.CONTROLS


def _peer(peer: PeerInfo) -> dict[str, Any]:
    return {
        "peerId": peer.id,
        "displayName": peer.display_name,
        "device": device_data(peer.device),
        "remoteAddress": peer.address,
    }


def source_of(kind: str, app_data: dict[str, Any]) -> str:
    """Return the source of a track, also of one that an app of dialect A sends."""
    source = app_data.get("source")
    if isinstance(source, str):
        return source
    if kind == "audio":
        return "audio"
    return "screensharing" if app_data.get("share") else "video"


def _unknown(error: Unknown) -> str:
    kind = "WebRtcTransport" if error.kind == "transport" else error.kind[:1].upper() + error.kind[1:]
    return f"{kind} '{error.entity_id}' not found"


TEXTS = Texts("unknown request method '{}'", "Peer not joined", "Missing roomId and/or peerId", _unknown)

DEMO_B = Dialect(METHODS, NOTIFICATIONS, TEXTS, _listener)
