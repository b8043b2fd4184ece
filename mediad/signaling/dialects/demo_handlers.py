"""Handlers of both dialects of mediasoup-demo: requests whose answers they spell alike, or nearly so."""

from __future__ import annotations

from typing import Any

import msgspec

from mediad.rooms.entities import DataProducer, Producer
from mediad.rooms.listener import Device, PeerInfo
from mediad.rooms.reply import Reply
from mediad.rooms.seat import Seat
from mediad.signaling.dialects import demo_schemas as schemas
from mediad.signaling.dialects.dialect import Method


async def get_capabilities(seat: Seat, data: schemas.Nothing) -> Reply[dict[str, Any]]:
    return seat.router_capabilities()


async def join(seat: Seat, data: schemas.Join, *, takes_data: bool) -> Reply[list[PeerInfo]]:
    device = Device(data.device.flag, data.device.name, data.device.version)
    return seat.join(data.display_name, device, data.rtp_capabilities, takes_data=takes_data)


async def connect_transport(seat: Seat, data: schemas.ConnectWebRtcTransport) -> Reply[Any]:
    return await seat.transports.connect(data.transport_id, msgspec.to_builtins(data.dtls_parameters))


async def restart_ice(seat: Seat, data: schemas.TransportData) -> Reply[dict[str, Any]]:
    return await seat.transports.restart_ice(data.transport_id)


async def produce(seat: Seat, data: schemas.Produce) -> Reply[Producer]:
    app_data = {**(data.app_data or {}), "peerId": seat.peer.id}
    return await seat.producing.produce(data.transport_id, data.kind, data.rtp_parameters, app_data)


async def produce_data(seat: Seat, data: schemas.ProduceData) -> Reply[DataProducer]:
    return await seat.data.produce(
        data.transport_id, data.sctp_stream_parameters, data.label, data.protocol, data.app_data or {}
    )


async def get_transport_stats(seat: Seat, data: schemas.TransportData) -> Reply[Any]:
    return await seat.transports.stats(data.transport_id)


async def get_producer_stats(seat: Seat, data: schemas.ProducerData) -> Reply[Any]:
    return await seat.producing.stats(data.producer_id)


async def get_consumer_stats(seat: Seat, data: schemas.ConsumerData) -> Reply[Any]:
    return await seat.consuming.stats(data.consumer_id)


async def get_data_producer_stats(seat: Seat, data: schemas.DataProducerData) -> Reply[Any]:
    return await seat.data.producer_stats(data.data_producer_id)


async def get_data_consumer_stats(seat: Seat, data: schemas.DataConsumerData) -> Reply[Any]:
    return await seat.data.consumer_stats(data.data_consumer_id)


async def stop_throttle(seat: Seat, data: schemas.NetworkSecret) -> Reply[Any]:
    return await seat.throttling.stop(data.secret)


# -- controls ----------------------------------------------------------------------------------------------


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


CONTROLS: dict[str, Method] = {
    "closeProducer": Method(_close_producer, schemas.ProducerData),
    "pauseProducer": Method(_pause_producer, schemas.ProducerData),
    "resumeProducer": Method(_resume_producer, schemas.ProducerData),
    "pauseConsumer": Method(_pause_consumer, schemas.ConsumerData),
    "resumeConsumer": Method(_resume_consumer, schemas.ConsumerData),
    "setConsumerPreferredLayers": Method(_set_consumer_preferred_layers, schemas.SetConsumerPreferredLayers),
    "setConsumerPriority": Method(_set_consumer_priority, schemas.SetConsumerPriority),
    "requestConsumerKeyFrame": Method(_request_consumer_key_frame, schemas.ConsumerData),
    "changeDisplayName": Method(_change_display_name, schemas.ChangeDisplayName),
}
"""Wishes that have no answer but that they are done: requests in dialect A, notifications in dialect B."""
